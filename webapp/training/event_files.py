"""A run's curves for TensorBoard, named as Keras's own callback names them, which wants the whole program installed."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from webapp.training.records import EpochResult

_SCALAR = tf.compat.v1.SummaryMetadata(
    plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"),
    data_class="DATA_CLASS_SCALAR",
)


class EventFiles:
    """Two curves of each figure, in the folders train and validation."""

    def __init__(self, folder: Path) -> None:
        self._writers = {name: tf.summary.create_file_writer(str(folder / name)) for name in ("train", "validation")}

    def write(self, result: EpochResult) -> None:
        """One epoch; on the disk when this returns."""
        figures = {
            "train": {
                "epoch_loss": result.train_loss,
                "epoch_pck": result.train_pck,
                "epoch_learning_rate": result.learning_rate,
            },
            "validation": {"epoch_loss": result.val_loss, "epoch_pck": result.pck},
        }
        for name, writer in self._writers.items():
            with writer.as_default():
                for tag, value in figures[name].items():
                    tf.summary.write(tag, tf.constant(value, tf.float32), step=result.epoch - 1, metadata=_SCALAR)
            writer.flush()

    def close(self) -> None:
        """Nothing is written afterwards."""
        for writer in self._writers.values():
            writer.close()
