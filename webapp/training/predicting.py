"""The keypoints that a network finds in many crops: a batch at a time, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray
from webapp.training.archive import TrainingData, let_go
from webapp.training.evaluate import Found
from webapp.vision.own_card import OwnModelCard
from webapp.vision.poses.own import decoder
from webapp.vision.runtimes import Network

BATCH = 16
Look = Callable[[], None]
"""Called after each batch; may raise to end it all."""


def nothing() -> None:
    """Nobody looks."""


def predict(
    network: Network, card: OwnModelCard, images: Sequence[FloatArray], look: Look = nothing
) -> tuple[FloatArray, FloatArray]:
    """Keypoints (N, K, 2) in pixels of the input and their scores (N, K), of pictures as the model takes them."""
    keypoints = len(card.skeleton.keypoints)
    points_px = np.empty((len(images), keypoints, 2), np.float32)
    scores = np.empty((len(images), keypoints), np.float32)
    for at in range(0, len(images), BATCH):
        outputs = network.run(np.stack(images[at : at + BATCH]))
        decode = decoder([(1, *output.shape[1:]) for output in outputs], card)
        points_px[at : at + BATCH], scores[at : at + BATCH] = decode(outputs)
        let_go(images[at])
        look()
    return points_px, scores


def found_by(
    network: Network, card: OwnModelCard, data: TrainingData, rows: NDArray[np.intp], look: Look = nothing
) -> Found:
    """What the network finds in these samples; a pose's score is the mean of its keypoints'."""
    return as_found(*predict(network, card, crops(data, rows), look), card)


def as_found(points_px: FloatArray, scores: FloatArray, card: OwnModelCard) -> Found:
    """Keypoints (N, K, 2) in pixels of the input as shares of the crop."""
    extent_px = np.array([card.picture.width_px, card.picture.height_px], np.float32)
    return Found(np.asarray(points_px / extent_px, np.float32), np.asarray(scores.mean(axis=1), np.float32))


def crops(data: TrainingData, rows: NDArray[np.intp]) -> Sequence[FloatArray]:
    """The pictures of these samples; each is read from the disk when it is used."""
    return [data.images[row] for row in rows]
