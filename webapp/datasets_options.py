"""The arguments of the command `datasets`. Imports no framework: every command's parser passes here."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from webapp.config import POSE_MODELS
from webapp.core.skeleton import SKELETONS

_MODEL = f"a pose model: {', '.join(POSE_MODELS)}, or one of your own"


def add_datasets_arguments(parser: argparse.ArgumentParser) -> None:
    """list, create, import, propose, curate, export, versions, freeze."""
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="every dataset: whose it is, how much is in it, how much is reviewed")
    listing.add_argument("--owner", metavar="USERNAME", help="of this account alone")

    create = actions.add_parser("create", help="make an empty dataset")
    create.add_argument("name")
    _add_skeleton(create, required=True)
    create.add_argument("--owner", metavar="USERNAME", required=True)

    _add_import(actions.add_parser("import", help="pictures, videos, or a labelled dataset: a file or a folder"))

    propose = actions.add_parser("propose", help="have a pose model propose labels")
    _add_dataset(propose)
    propose.add_argument("--model", required=True, help=_MODEL)
    propose.add_argument("--min-score", type=float, default=0.5, help="visible from this certainty on, default 0.5")
    _add_states(propose, ("unlabelled", "proposed"), ["unlabelled"])
    _add_report(propose)

    curate = actions.add_parser("curate", help="look for outliers, duplicates and like poses")
    _add_dataset(curate)
    curate.add_argument("--model", help=f"compare the labels with what it sees: {_MODEL}")
    _add_report(curate)

    export = actions.add_parser("export", help="pack a version of it")
    _add_dataset(export)
    export.add_argument("--format", required=True, choices=("coco", "cvat", "yolo", "npz"))
    export.add_argument("--out", type=Path, required=True, metavar="FILE.zip")
    export.add_argument("--version", type=int, help="default: as it is now, frozen as a new version")
    export.add_argument("--side-px", type=int, default=128, help="of the square pictures in an npz, default 128")
    _add_states(export, ("reviewed", "proposed", "unlabelled", "excluded"), ["reviewed"])
    _add_report(export)

    _add_dataset(actions.add_parser("versions", help="what was frozen, and when"))
    freeze = actions.add_parser("freeze", help="freeze it as it is now, as a version")
    _add_dataset(freeze)
    freeze.add_argument("--note", default="", help="what this version is for")


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path)
    _add_dataset(parser)
    parser.add_argument("--create", action="store_true", help="make the dataset, with the skeleton that the files have")
    _add_skeleton(parser, required=False)
    parser.add_argument("--format", default="auto", help="auto (default), images, video, coco, cvat, yolo, npz, csv")
    parser.add_argument(
        "--session", default="", help="what to call this import, default the name of the file or folder"
    )
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--person", metavar="NAME", help="everybody in the pictures is this person")
    whose.add_argument(
        "--people",
        choices=("none", "folders", "format"),
        default="format",
        help="who they are; default as the format says",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--every-frames", type=int, metavar="N", help="of videos, every N-th frame")
    which.add_argument(
        "--pose-change", type=float, metavar="X", help="of videos, where the pose changes by X body lengths"
    )
    parser.add_argument("--one-person", action="store_true", help="of several people in a picture the largest alone")
    parser.add_argument("--label-with", metavar="MODEL", help=f"then have labels proposed by {_MODEL}")
    _add_report(parser)


def _add_dataset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", required=True, metavar="NAME", help="its name, or its id")
    parser.add_argument("--owner", metavar="USERNAME", help="whose, where several accounts have one of this name")


def _add_skeleton(parser: argparse.ArgumentParser, required: bool) -> None:
    ready_made = ", ".join(SKELETONS)
    parser.add_argument(
        "--skeleton", required=required, metavar="NAME|FILE", help=f"{ready_made}, or a .toml or .json file of your own"
    )


def _add_states(parser: argparse.ArgumentParser, known: Sequence[str], default: list[str]) -> None:
    parser.add_argument(
        "--states", nargs="+", choices=known, default=default, help=f"which samples, default {' '.join(default)}"
    )


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--report", type=Path, metavar="FILE.csv", help="write every finding into this table")
