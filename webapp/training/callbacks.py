"""What happens while Keras fits: after each batch, and after each epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from webapp.training.hardware import peak_memory_mb
from webapp.training.records import EpochResult, TrainingFailedError, Watch

COUNTERS = ("wait", "best", "best_epoch", "cooldown_counter")
"""What Keras's EarlyStopping and ReduceLROnPlateau know of the epochs before; each has some of these."""


@dataclass
class Times:
    """How long what took, in seconds. Training is that of full batches: the first of all waits for its graph."""

    now_s: Callable[[], float] = time.perf_counter
    waited_s: float = 0.0
    trained_s: float = 0.0
    pictures: int = 0
    _at_s: float | None = field(default=None, repr=False)

    def wait_within(self, model: Any) -> None:
        """From now on the model's fit counts how long it waits for each batch, of training and of validation."""
        model.make_train_function(force=True)
        model.make_test_function(force=True)
        model.train_function = self._waiting(model.train_function, counted=True)
        model.test_function = self._waiting(model.test_function, counted=False)

    def pause(self) -> None:
        """What comes until the next batch of training is no training."""
        self._at_s = None

    def _waiting(self, step: Callable[[Iterator[Any]], Any], counted: bool) -> Callable[[Iterator[Any]], Any]:
        def timed(batches: Iterator[Any]) -> Any:
            started_s = self.now_s()
            batch = next(batches)
            self.waited_s += self.now_s() - started_s
            answer = step(iter((batch,)))
            if counted:
                ended_s = self.now_s()
                if self._at_s is not None:
                    self.trained_s += ended_s - self._at_s
                    self.pictures += int(batch[0].shape[0])
                self._at_s = ended_s
            return answer

        return timed


class AfterBatch(tf.keras.callbacks.Callback):  # type: ignore[misc]  # TensorFlow has no types
    """Tells the watch, which may end it; ends it where the loss is no number any more, or the time is up."""

    def __init__(self, watch: Watch, batches: int, times: Times, ends_at_s: float) -> None:
        super().__init__()
        self._watch, self._batches, self._times, self._ends_at_s = watch, batches, times, ends_at_s
        self._epoch = 0
        self.time_is_up = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 -- Keras names it
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        require_number(
            logs["loss"], f"the loss in epoch {self._epoch}, batch {batch + 1} of {self._batches},", self.model
        )
        self._watch.batch(self._epoch, batch + 1, self._batches)
        if self._times.now_s() >= self._ends_at_s:
            self.time_is_up = self.model.stop_training = True

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002 -- Keras names it
        self._times.pause()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 -- Keras names it
        self._watch.batch(self._epoch, self._batches, self._batches)


class AfterEpoch(tf.keras.callbacks.Callback):  # type: ignore[misc]  # as above
    """Makes the epoch's result, last of all callbacks; `keep` is told it.

    done: the epochs before, of an attempt before. counters: theirs, as `counters_of` gave them; they are put back
    when training begins, after the other callbacks have cleared their own.
    """

    def __init__(
        self,
        times: Times,
        done: Sequence[EpochResult],
        counting: Sequence[Any],
        counters: Sequence[dict[str, Any]],
        keep: Callable[[EpochResult], None],
    ) -> None:
        super().__init__()
        self._times, self._keep = times, keep
        self._counting, self._counters = counting, counters
        self._best_loss = min((each.val_loss for each in done), default=math.inf)
        self._began_s = self._learning_rate = 0.0

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 -- Keras names it
        for callback, counters in zip(self._counting, self._counters, strict=False):
            for name, value in counters.items():
                setattr(callback, name, value)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 -- Keras names it
        self._began_s, self._times.waited_s = self._times.now_s(), 0.0
        self._learning_rate = learning_rate_of(self.model)  # before what comes after the epoch lowers it

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        require_number(logs["val_loss"], f"the validation loss after epoch {epoch + 1}", self.model)
        seconds = self._times.now_s() - self._began_s
        best = logs["val_loss"] < self._best_loss
        self._best_loss = min(self._best_loss, logs["val_loss"])
        self._keep(
            EpochResult(
                epoch=epoch + 1,
                train_loss=float(logs["loss"]),
                val_loss=float(logs["val_loss"]),
                train_pck=float(logs["pck"]),
                pck=float(logs["val_pck"]),
                learning_rate=self._learning_rate,
                seconds=seconds,
                data_share=min(self._times.waited_s / seconds, 1.0),
                memory_mb=peak_memory_mb(),
                best=best,
            )
        )
        self._times.pause()


def counters_of(callbacks: Sequence[Any]) -> list[dict[str, Any]]:
    """What each has counted, as JSON values."""
    return [
        {
            name: value if isinstance(value, int) or value is None else float(value)
            for name in COUNTERS
            for value in [getattr(callback, name, None)]
            if hasattr(callback, name)
        }
        for callback in callbacks
    ]


def require_number(loss: float, what: str, model: Any) -> None:
    """TrainingFailedError where the loss is NaN or infinite, with the remedy."""
    if not math.isfinite(loss):
        raise TrainingFailedError(
            f"{what} is no number any more ({loss:g}): start a run anew with a lower learning rate "
            f"than {learning_rate_of(model):g}"
        )


def learning_rate_of(model: Any) -> float:
    """Rounded to what 32 bits hold of it."""
    return float(f"{float(model.optimizer.learning_rate):.6g}")
