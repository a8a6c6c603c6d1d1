"""Labelled pictures as hypothesis draws them, and what must be the same of two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from webapp.core.records import Box
from webapp.core.skeleton import COCO_17, UPPER_BODY_6, Skeleton
from webapp.datasets.records import ABSENT, SPLITS, Label, LabelledPerson, LabelledPicture

ODD = Skeleton(
    name="odd one",
    keypoints=("tip", "hoof.L", "hoof.R", "schwänzchen"),
    edges=(("tip", "hoof.L"), ("tip", "hoof.R")),
    flip_pairs=(("hoof.L", "hoof.R"),),
)
SKELETONS = (UPPER_BODY_6, COCO_17, ODD)
SIZES_PX = ((1, 1), (31, 17), (128, 128), (333, 250))

_TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)
_EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "coco": st.dictionaries(_TEXTS.map(lambda key: f"x_{key}"), _JSON, min_size=1, max_size=2),
        "other": st.dictionaries(_TEXTS, _JSON, max_size=2),
    },
)
_CVAT = st.fixed_dictionaries(
    {"z_order": st.integers(1, 9).map(str)},
    optional={"attributes": st.dictionaries(_TEXTS, st.text("aä<>&\"' ", max_size=8), min_size=1, max_size=2)},
)


@st.composite
def labels(draw: st.DrawFn, skeleton: Skeleton, width_px: int, height_px: int) -> Label:
    count = len(skeleton.keypoints)
    visibility = np.array(draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)), np.uint8)
    points = st.tuples(st.floats(0, width_px, width=32), st.floats(0, height_px, width=32))
    keypoints = np.array(draw(st.lists(points, min_size=count, max_size=count)), np.float32)
    keypoints[visibility == ABSENT] = np.nan
    confidence = draw(st.none() | st.lists(st.floats(0, 1, width=32), min_size=count, max_size=count))
    return Label(keypoints, visibility, None if confidence is None else np.array(confidence, np.float32))


@st.composite
def boxes(draw: st.DrawFn, width_px: int, height_px: int) -> Box:
    """Of at least a hundredth pixel, some leading beyond the picture."""
    beyond = max(width_px, height_px) * 0.9
    corners = []
    for side in (width_px, height_px):
        low = draw(st.floats(-beyond, side - 0.02))
        high = draw(st.floats(max(low, 0.0) + 0.01, side + beyond))
        corners.append((low, high))
    (x1, x2), (y1, y2) = corners
    return Box(x1, y1, x2, y2)


@st.composite
def people(draw: st.DrawFn, skeleton: Skeleton, width_px: int, height_px: int) -> LabelledPerson:
    label = draw(st.none() | labels(skeleton, width_px, height_px))
    extra: dict[str, Any] = draw(_EXTRAS)
    if draw(st.booleans()):
        extra["cvat"] = draw(_CVAT)
    return LabelledPerson(
        box=draw(boxes(width_px, height_px)),
        label=label,
        state=draw(st.sampled_from(("reviewed", "proposed", "excluded") if label is not None else ("unlabelled",))),
        person=draw(st.none() | _TEXTS),
        split=draw(st.sampled_from((None, *SPLITS))),
        extra=extra,
        teacher=None if label is None else draw(st.none() | _TEXTS),
    )


@st.composite
def datasets(draw: st.DrawFn) -> tuple[Skeleton, list[LabelledPicture]]:
    """A skeleton and up to three pictures of up to two people."""
    skeleton = draw(st.sampled_from(SKELETONS))
    pictures = []
    for number in range(draw(st.integers(0, 3))):
        width_px, height_px = draw(st.sampled_from(SIZES_PX))
        pictures.append(
            LabelledPicture(
                file_name=f"images/{draw(st.sampled_from(('a', 'b c/ü', 'd.e')))}{number}.png",
                width_px=width_px,
                height_px=height_px,
                people=tuple(draw(st.lists(people(skeleton, width_px, height_px), max_size=2))),
                source=draw(st.sampled_from((None, "webcam", "coco"))),
                session=draw(st.none() | _TEXTS),
                extra=draw(_EXTRAS),
            )
        )
    return skeleton, pictures


def told(picture: LabelledPicture) -> tuple[object, ...]:
    """Everything of a picture in a form that == compares to the bit."""
    people_told = [
        (replace(person, label=None), None if person.label is None else _label_told(person.label))
        for person in picture.people
    ]
    return replace(picture, people=(), pixels=None), people_told


def _label_told(label: Label) -> tuple[object, ...]:
    keypoints = np.where(np.isnan(label.keypoints_px), np.float32(-1), label.keypoints_px)
    confidence = None if label.confidence is None else label.confidence.tolist()
    return keypoints.tolist(), label.visibility.tolist(), confidence, str(label.keypoints_px.dtype)
