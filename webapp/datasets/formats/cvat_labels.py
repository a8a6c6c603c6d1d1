"""What a CVAT file says of its labels before the pictures: skeletons, their keypoints and edges."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from defusedxml.ElementTree import ParseError, fromstring

from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import Skeleton
from webapp.datasets.formats import own
from webapp.datasets.formats.cvat_writing import OWN, SKELETON_LABEL

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


@dataclass
class Described:
    """The labels of type skeleton with their keypoints and drawings. skeleton: ours, where the file is."""

    skeleton: Skeleton | None = None
    labels: dict[str, list[str]] = field(default_factory=dict)
    drawings: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Which of them are people: the one called person, or else the first."""
        return SKELETON_LABEL if SKELETON_LABEL in self.labels else next(iter(self.labels))

    def edges_of(self, label: str) -> list[tuple[int, int]]:
        """Pairs of positions in the label's keypoints; none where its drawing cannot be read.

        Lines join nodes by number. A node says which keypoint it is; where it does not, nodes are counted from 1.
        """
        names = self.labels[label]
        try:
            drawing = fromstring(f"<svg>{self.drawings.get(label, '')}</svg>", forbid_dtd=True)
            named = {each.get("data-node-id"): each.get("data-label-name") for each in drawing}
            places = {
                node: names.index(str(name)) if name in names else int(str(node)) - 1
                for node, name in named.items()
                if node is not None
            }
            lines = [each for each in drawing if each.get("data-type") == "edge"]
            edges = [(places[line.get("data-node-from", "")], places[line.get("data-node-to", "")]) for line in lines]
        except (ParseError, ValueError, KeyError):  # a drawing is for the eye; without edges the keypoints are whole
            return []
        return edges if all(0 <= end < len(names) for edge in edges for end in edge) else []


def described(name: str, elements: Iterator[Element]) -> Described:
    """Reads up to the end of <meta>; InvalidInputError where there is none."""
    for element in elements:
        if element.tag != "meta":
            continue
        found, ours = Described(), element.findtext(OWN)
        if ours is not None:
            found.skeleton = own.header_skeleton(parsed_json(ours))
        labels = list(element.iter("label"))
        for label in labels:
            if label.findtext("type") == "skeleton":
                text = label.findtext("name") or ""
                found.labels[text] = [each.findtext("name") or "" for each in labels if each.findtext("parent") == text]
                found.drawings[text] = label.findtext("svg") or ""
        found.labels = {label: names for label, names in found.labels.items() if names}
        return found
    raise InvalidInputError(f'{name} has no <meta>; export it from CVAT as "CVAT for images 1.1"')


def parsed_json(text: str) -> object:
    """Of an attribute of ours."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInputError(f"the attribute {OWN} is no whole JSON: {text!r:.60}; leave it out") from None
