"""The arguments of the commands `models` and `export`. Imports no framework: every command's parser passes here."""

from __future__ import annotations

import argparse
from pathlib import Path

from webapp.core.skeleton import SKELETONS, Skeleton
from webapp.vision.own_card import CELLS, COORDINATES, FAMILIES, FORMS, OFFSETS, ONNX, SCORES, read_skeleton
from webapp.vision.own_shapes import Hints


def add_models_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare list, add and remove."""
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="every model of your own: what it is and whether it is whole")
    add = actions.add_parser("add", help="take in a .tflite, .keras, .hdf5 or .h5 file")
    add.add_argument("file", type=Path)
    add.add_argument("--name", required=True, help="how the setting pose_model names it: a-z, 0-9, _ and -")
    add.add_argument("--margin", type=float, help="side of the crop as a multiple of the person's box, default 1.25")
    add.add_argument("--licence", default="", help="what may be done with it, in your own words")
    add.add_argument("--made-by", default="", help="who trained it, on what, in your own words")
    _add_hint_arguments(add)
    remove = actions.add_parser("remove", help="take a model away")
    remove.add_argument("name")


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is exported, how and to where."""
    parser.add_argument("model", help="a .keras, .hdf5 or .h5 file, a Keras model of your own, or a training run")
    forms = (*FORMS, ONNX)
    parser.add_argument("--form", required=True, choices=forms, help="dynamic is the fastest on most processors")
    parser.add_argument("--out", type=Path, help="the .tflite or .onnx file, default MODEL-FORM in the current folder")
    parser.add_argument(
        "--images",
        type=Path,
        help="folder of pictures, or .npz with `images`, as the model will see: for int8's ranges and the comparison",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    _add_hint_arguments(parser)


def hints_of(arguments: argparse.Namespace) -> Hints:
    """What was said of the model."""
    names = ("family", "low", "high", "coordinates", "scores", "offsets", "cells")
    return Hints(skeleton=_skeleton(arguments.skeleton), **{name: getattr(arguments, name) for name in names})


def _add_hint_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said of a model; what is not said is deduced from its shapes."""
    parser.add_argument("--family", choices=FAMILIES, help="default: told from the outputs")
    parser.add_argument(
        "--skeleton",
        metavar="NAME|FILE.toml",
        help=f"{', '.join(SKELETONS)}, or a file with name, keypoints and edges; default by the number of keypoints",
    )
    parser.add_argument("--low", type=float, help="what black is to the model, default 0")
    parser.add_argument("--high", type=float, help="what white is to the model, default 1")
    parser.add_argument("--coordinates", choices=COORDINATES, help="of a regression: 0..1 (default), -1..1, or pixels")
    parser.add_argument("--scores", choices=SCORES, help="of heatmaps and visibility; default: told from their values")
    parser.add_argument("--offsets", choices=OFFSETS, help="their order, default y_then_x")
    parser.add_argument("--cells", choices=CELLS, help="where a cell of a heatmap lies, default its centre")


def _skeleton(said: str | None) -> Skeleton | None:
    if said is None or said in SKELETONS:
        return SKELETONS[said] if said else None
    return read_skeleton(Path(said))
