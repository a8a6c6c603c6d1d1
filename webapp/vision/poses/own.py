"""Pose models of the user's own: regression, heatmap, or heatmap with offsets, on a square around each person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.records import Detection, FloatArray, Pose, Region
from webapp.vision.images import apply_affine, crop_region, region_to_image
from webapp.vision.keras_network import load_keras_network
from webapp.vision.own_card import OwnModelCard, PictureFormat, card_of
from webapp.vision.own_conversion import tflite_form
from webapp.vision.own_shapes import Hints, deduce, heat_row, offset_row, regression_row
from webapp.vision.ports import Image
from webapp.vision.poses.following import FollowedRegion, moved_along, next_region, region_of_box, second_looks
from webapp.vision.poses.heatmap import decode_heatmap, decode_heatmap_offset
from webapp.vision.poses.regression import decode_regression
from webapp.vision.quantised import load_float_network
from webapp.vision.runtimes import Network

Decode = Callable[[Sequence[FloatArray]], tuple[FloatArray, FloatArray]]
"""From the outputs of a batch to points (N, K, 2) in pixels of the input and scores (N, K)."""
_EVEN = 4.0
"""A crop whose grey values spread by less (of 255) shows nobody."""
_HEAP, _SPREAD = 0.04, 0.10
"""Keypoints all within the first share of the crop are a network's shrug, beyond the second they are a pose."""


@dataclass(frozen=True)
class OwnPose(Pose):
    """A pose that knows where to look next, which hangs on the square it was found in."""

    next_region: Region | None = None


class OwnPoseEstimator:
    """Top-down pose estimation with a model of the user's own.

    knows_absence: the network itself says how sure it is, as heatmaps do.
    """

    def __init__(self, network: Network, card: OwnModelCard, decode: Decode, knows_absence: bool) -> None:
        self._network = network
        self._card = card
        self._decode = decode
        self.name = card.name
        self.runtime = network.runtime
        self.skeleton = card.skeleton
        self._knows_absence = knows_absence

    def estimate(self, image_bgr: Image, regions: Sequence[Region]) -> list[Pose]:
        """One pose per region, in order."""
        if not regions:
            return []
        asides = {} if self._knows_absence else second_looks(regions)
        looks = self._looks(image_bgr, [*regions, *asides.values()])
        poses = looks[: len(regions)]
        for row, again in zip(asides, looks[len(regions) :], strict=True):
            if moved_along(poses[row].keypoints_px, again.keypoints_px, regions[row]):
                poses[row] = replace(poses[row], score=0.0)
        return poses

    def _looks(self, image_bgr: Image, regions: Sequence[Region]) -> list[Pose]:
        crops = [crop_region(image_bgr, region, self._card.picture.side_px) for region in regions]
        points_px, scores = self._decode(self._network.run(model_input(crops, self._card.picture)))
        return [self._pose(image_bgr, *each) for each in zip(regions, crops, points_px, scores, strict=True)]

    def region_of(self, pose: Pose) -> Region:
        """A square like those the model was trained on, around the person of this pose."""
        if isinstance(pose, OwnPose) and pose.next_region is not None:
            return pose.next_region
        region = next_region(pose.skeleton, pose.keypoints_px, pose.scores, None, self._card.margin)
        return region if region is not None else FollowedRegion(0.0, 0.0, 1.0, 0.0)

    def regions_around(self, detection: Detection) -> Sequence[Region]:
        """The square around the detector's box, with the margin that the model was trained with."""
        return (region_of_box(detection.box, self._card.margin),)

    def _pose(self, image_bgr: Image, region: Region, crop: Image, points_px: FloatArray, scores: FloatArray) -> Pose:
        picture = self._card.picture
        corner_px = np.array([picture.side_px - picture.width_px, picture.side_px - picture.height_px]) // 2
        keypoints_px = apply_affine(region_to_image(region, picture.side_px), points_px + corner_px.astype(np.float32))
        score = _pose_score(scores)
        if not self._knows_absence:
            scores = np.where(_within(keypoints_px, image_bgr), scores, np.float32(0))
            score = _pose_score(scores) * _spread(points_px, picture) * float(crop.std() >= _EVEN)
        return OwnPose(
            skeleton=self.skeleton,
            keypoints_px=keypoints_px,
            scores=scores,
            score=score,
            next_region=next_region(self.skeleton, keypoints_px, scores, region, self._card.margin),
        )


def load_own_model(folder: Path, runtime: str, threads: int) -> OwnPoseEstimator:
    """The model of a folder as add_model makes it.

    A Keras model runs in its TFLite form, made once in a process of its own, unless the runtime is "keras".
    ModelUnavailableError where card or file are missing, damaged or do not fit each other.
    """
    card = card_of(folder)
    path = folder / card.file
    if runtime == "keras" and path.suffix != ".tflite":
        network: Network = load_keras_network(path, threads)
    else:
        network = load_float_network(tflite_form(folder, card), card.picture.side_px, threads, runtime)
    return own_estimator(network, card)


def own_estimator(network: Network, card: OwnModelCard) -> OwnPoseEstimator:
    """The estimator of a loaded network; ModelUnavailableError where its shapes are not what the card says."""
    shapes = [output.shape for output in network.run(np.zeros(network.input.shape, np.float32))]
    try:
        found = deduce(network.input.shape, shapes, Hints(family=card.family, skeleton=card.skeleton))
    except InvalidInputError as error:
        raise ModelUnavailableError(f"the file of {card.name} does not fit its card: {error}") from error
    taken = (card.picture.height_px, card.picture.width_px, card.picture.channels)
    if network.input.shape[1:] != taken:
        raise ModelUnavailableError(
            f"the file of {card.name} does not fit its card: expected an input of {(1, *taken)}, "
            f"found {network.input.shape}"
        )
    regression = regression_row(shapes, card.skeleton) if found.family == "regression" else None
    numbers = 0 if regression is None else int(np.prod(shapes[regression]))
    return OwnPoseEstimator(network, card, decoder(shapes, card), numbers != 2 * len(card.skeleton.keypoints))


def decoder(shapes: Sequence[tuple[int, ...]], card: OwnModelCard) -> Decode:
    """What turns outputs of these shapes into keypoints; they fit the card."""
    picture, answer, keypoints = card.picture, card.answer, len(card.skeleton.keypoints)
    if card.family == "regression":
        row = regression_row(shapes, card.skeleton)
        return lambda outputs: decode_regression(outputs[row or 0], keypoints, picture, answer)
    heat, offset = heat_row(shapes, card.skeleton), offset_row(shapes, card.skeleton)
    if card.family == "heatmap":
        return lambda outputs: decode_heatmap(outputs[heat or 0], picture, answer)
    return lambda outputs: decode_heatmap_offset(outputs[heat or 0], outputs[offset or 0], picture, answer)


def model_input(crops_bgr: Sequence[Image], picture: PictureFormat) -> FloatArray:
    """The middle of each square crop as the model takes it: grey or RGB, (N, height, width, channels), low..high."""
    top, left = (picture.side_px - picture.height_px) // 2, (picture.side_px - picture.width_px) // 2
    batch = np.empty((len(crops_bgr), picture.height_px, picture.width_px, picture.channels), np.float32)
    for row, crop in zip(batch, crops_bgr, strict=True):
        part = crop[top : top + picture.height_px, left : left + picture.width_px]
        pixels = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)[..., None] if picture.channels == 1 else part[..., ::-1]
        np.multiply(pixels, np.float32((picture.high - picture.low) / 255), out=row)
    return batch + np.float32(picture.low) if picture.low else batch


def _pose_score(scores: FloatArray) -> float:
    """Mean of the better half of the keypoints: of somebody at a desk the other half may be out of view."""
    better = np.sort(scores)[len(scores) // 2 :]
    return float(better.mean())


def _within(keypoints_px: FloatArray, image_bgr: Image) -> FloatArray:
    height_px, width_px = image_bgr.shape[:2]
    low, high = np.zeros(2), np.array([width_px, height_px])
    return np.asarray(((keypoints_px >= low) & (keypoints_px <= high)).all(axis=1))


def _spread(points_px: FloatArray, picture: PictureFormat) -> float:
    """0 where all keypoints lie on a heap, 1 where they are spread as a body's are."""
    known = points_px[np.isfinite(points_px).all(axis=1)]
    if not len(known):
        return 0.0
    share = float((known.max(axis=0) - known.min(axis=0)).max()) / picture.side_px
    return min(max((share - _HEAP) / (_SPREAD - _HEAP), 0.0), 1.0)
