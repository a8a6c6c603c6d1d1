"""Training, from the first batch to the last: fits a network to an archive, and goes on where a crash ended it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from webapp.core.wording import counted
from webapp.training.archive import TrainingData
from webapp.training.averaging import AveragedWeights
from webapp.training.batches import Batches
from webapp.training.callbacks import AfterBatch, AfterEpoch, Times, counters_of
from webapp.training.checkpoints import full_disk_told, read_state, restore_variables, save_model, write_checkpoint
from webapp.training.config import RunSettings
from webapp.training.event_files import EventFiles
from webapp.training.examples import Examples
from webapp.training.hardware import Hardware, peak_memory_mb, precision_of, prepare_hardware
from webapp.training.heads import build_model, joined
from webapp.training.imagenet import imagenet_weights
from webapp.training.journal import Journal, epoch_line
from webapp.training.keypoint_metric import PckMetric
from webapp.training.losses import loss_of
from webapp.training.records import (
    BEST,
    NOTHING_BETTER,
    TENSORBOARD,
    EpochResult,
    Trained,
    TrainingFailedError,
    Usage,
    Watch,
)


def train(
    data: TrainingData, settings: RunSettings, folder: Path, weights_dir: Path, watch: Watch, *, threads: int
) -> Trained:
    """Fit the network of the settings to the data, from the last checkpoint in the run's folder where there is one.

    Keeps BEST, HISTORY, LOG, TENSORBOARD and the checkpoint in the folder. What the watch raises ends it at once.
    TrainingFailedError where the loss becomes no number, the disk is full, the GPU's memory too small, or a split
    empty; BEST and the checkpoint then are those of the last good epoch.
    """
    for split in ("train", "validation"):
        if not len(data.rows(split)):
            raise TrainingFailedError(f"no sample is in the {split} split; change the shares, or label more people")
    hardware = prepare_hardware(threads, settings.precision)
    folder.mkdir(parents=True, exist_ok=True)
    with full_disk_told(folder):
        state = _state_of(read_state(folder))
        if state.because is None:
            state = _Run(
                data=data,
                settings=settings,
                folder=folder,
                weights_dir=weights_dir,
                watch=watch,
                hardware=hardware,
                state=state,
            ).fit()
    return _trained(state, hardware)


@dataclass(frozen=True)
class _State:
    """What is known after an epoch, beside the network. counters: of Keras's callbacks. because: it has ended so."""

    epochs: tuple[EpochResult, ...] = ()
    counters: tuple[dict[str, Any], ...] = ()
    seconds: float = 0.0
    trained_s: float = 0.0
    pictures: int = 0
    pretrained: str = ""
    because: str | None = None


def _state_of(kept: Mapping[str, Any] | None) -> _State:
    if kept is None:
        return _State()
    epochs = tuple(EpochResult(**each) for each in kept["epochs"])
    return _State(**{**kept, "epochs": epochs, "counters": tuple(kept["counters"])})


class _Run:
    """One attempt, from a state on."""

    def __init__(
        self,
        *,
        data: TrainingData,
        settings: RunSettings,
        folder: Path,
        weights_dir: Path,
        watch: Watch,
        hardware: Hardware,
        state: _State,
    ) -> None:
        self._data, self._settings, self._folder = data, settings, folder
        self._watch, self._hardware = watch, hardware
        self._journal, self._events = Journal(folder), EventFiles(folder / TENSORBOARD)
        self._began_s = time.perf_counter()
        self._begin_with = state
        self._model, self._fitted, self._pretrained = _networks(settings, data, weights_dir, hardware, state)
        self._averaging = AveragedWeights(self._fitted, found=bool(state.epochs))
        if state.epochs:
            self._fitted.optimizer.build(self._fitted.trainable_variables)
            restore_variables(folder, self._variables())
        self._exported = self._model_to_export()
        self._examples = Examples(self._model, data, settings)
        rows = data.rows("train")
        self._training = Batches(data, rows, settings.batch_size, settings.seed, settings.augmentation)
        self._validation = Batches(data, data.rows("validation"), settings.batch_size)
        self._epochs = list(state.epochs)
        self._times = Times(trained_s=state.trained_s, pictures=state.pictures)
        limit_s = float("inf") if settings.max_minutes is None else 60 * settings.max_minutes - state.seconds
        self._after_batch = AfterBatch(watch, self._training.per_epoch, self._times, self._times.now_s() + limit_s)
        self._stopping = tf.keras.callbacks.EarlyStopping("val_loss", patience=settings.patience, mode="min")
        # without min_delta: the losses of heatmaps are far smaller than Keras's default
        slowing = tf.keras.callbacks.ReduceLROnPlateau(
            "val_loss", settings.plateau_factor, settings.plateau_patience, mode="min", min_delta=0
        )
        self._counting = [self._stopping, slowing]
        self._after_epoch = AfterEpoch(self._times, state.epochs, self._counting, state.counters, self._keep)

    def fit(self) -> _State:
        """Until it ends; what was known then."""
        self._say_beginning()
        first, last = len(self._epochs), self._settings.epochs
        per_epoch, threads = self._training.per_epoch, self._hardware.threads
        self._times.wait_within(self._fitted)
        try:
            self._fitted.fit(
                self._training.dataset(first * per_epoch, (last - first) * per_epoch, threads),
                validation_data=self._validation.dataset(0, self._validation.per_epoch, threads),
                initial_epoch=first,
                epochs=last,
                steps_per_epoch=per_epoch,
                callbacks=[self._after_batch, self._averaging, *self._counting, self._after_epoch],
                shuffle=False,  # the batches are
                verbose=0,
            )
        except tf.errors.ResourceExhaustedError as error:
            if "OOM" not in str(error):
                raise
            raise TrainingFailedError(
                f"the memory of {self._hardware.device} does not hold {self._settings.batch_size} pictures at a time: "
                "start a run anew with a smaller batch_size"
            ) from error
        except BaseException as error:
            self._journal.say(f"ended by {type(error).__name__}: {error}")
            raise
        finally:
            self._events.close()
            state = self._state()
            self._watch.used(_usage(state, self._hardware))
        return state

    def _keep(self, result: EpochResult) -> None:
        """After an epoch: all that it leaves is on the disk before anybody hears of it."""
        self._epochs.append(result)
        if result.best:
            if self._exported is not self._model:
                self._exported.set_weights(self._model.get_weights())
            save_model(self._exported, self._folder / BEST)
        state = self._state()
        write_checkpoint(self._folder, self._variables(), asdict(state))
        self._journal.keep(self._epochs)
        self._events.write(result)
        self._journal.say(epoch_line(result))
        if state.because is not None:
            self._journal.say(f"it ended: {state.because}")
        self._watch.used(_usage(state, self._hardware))
        self._watch.epoch(result)
        if result.epoch == 1 or result.best or result.epoch % self._settings.predictions_every == 0:
            self._watch.predictions(result.epoch, self._examples.predictions())

    def _state(self) -> _State:
        return _State(
            epochs=tuple(self._epochs),
            counters=tuple(counters_of(self._counting)),
            seconds=self._begin_with.seconds + time.perf_counter() - self._began_s,
            trained_s=self._times.trained_s,
            pictures=self._times.pictures,
            pretrained=self._pretrained,
            because=self._because(),
        )

    def _because(self) -> str | None:
        """Why it has ended, None while it goes on."""
        if self._after_batch.time_is_up:
            return f"the time limit of {self._settings.max_minutes:g} minutes was reached"
        if self._stopping.stopped_epoch:
            return f"{NOTHING_BETTER} for {counted(self._settings.patience, 'epoch')}"
        if len(self._epochs) >= self._settings.epochs:
            return f"{counted(self._settings.epochs, 'epoch')} done"
        return None

    def _variables(self) -> Sequence[Any]:
        """Those of layers with the state of their random numbers, the optimiser's, and what the mean is made of."""
        return [*self._fitted.variables, *self._fitted.optimizer.variables, *self._averaging.variables]

    def _model_to_export(self) -> Any:
        """The model that BEST is written from: computed in 16 bits, it is kept in 32 all the same."""
        return build_model(self._settings, self._data.skeleton, None) if self._hardware.mixed else self._model

    def _say_beginning(self) -> None:
        settings, data, say = self._settings, self._data, self._journal.say
        device = f"{self._hardware.device}, {counted(self._hardware.threads, 'thread')}"
        say(f"computed by {device}, {'half' if self._hardware.mixed else 'full'} precision")
        weights = self._model.count_params()
        say(f"{settings.network} network, {settings.family}, {settings.side_px} pixels, {weights:,} weights")
        say(self._pretrained)
        pictures = ", ".join(f"{len(data.rows(split))} {split}" for split in ("train", "validation", "test"))
        say(f"pictures: {pictures}; {counted(len(data.skeleton.keypoints), 'keypoint')}, loss {settings.loss}")
        if self._epochs:
            say(f"goes on after epoch {len(self._epochs)}")


def _networks(
    settings: RunSettings, data: TrainingData, weights_dir: Path, hardware: Hardware, state: _State
) -> tuple[Any, Any, str]:
    """The model, the same for fitting, compiled, and where its first weights came from."""
    tf.keras.utils.set_random_seed(settings.seed)
    weights, pretrained = None, "The first weights are random, as it was asked."
    if state.epochs:
        pretrained = state.pretrained
    elif settings.pretrained:
        weights, pretrained = imagenet_weights(settings.network, weights_dir)
    with precision_of(hardware):
        model = build_model(settings, data.skeleton, weights)
        fitted = joined(model)
    fitted.compile(
        tf.keras.optimizers.Adam(settings.learning_rate),
        loss=loss_of(settings, data.skeleton),
        metrics=[PckMetric(settings)],
        jit_compile=False,  # compiling takes longer than it saves, and anew for each size of batch
    )
    return model, fitted, pretrained


def _trained(state: _State, hardware: Hardware) -> Trained:
    best = min(state.epochs, key=lambda each: each.val_loss)
    usage = _usage(state, hardware)
    return Trained(len(state.epochs), best.epoch, best.pck, because=str(state.because), usage=usage)


def _usage(state: _State, hardware: Hardware) -> Usage:
    seconds = sum(each.seconds for each in state.epochs)
    return Usage(
        device=hardware.device,
        threads=hardware.threads,
        peak_memory_mb=peak_memory_mb(),
        pictures_per_s=state.pictures / state.trained_s if state.trained_s else 0.0,
        data_share=sum(each.seconds * each.data_share for each in state.epochs) / seconds if seconds else None,
        seconds=state.seconds,
        pretrained=state.pretrained,
    )
