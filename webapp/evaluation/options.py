"""The words of the `evaluate` command; light, for every command's parser reads it."""

from __future__ import annotations

import argparse
from pathlib import Path

PROTOCOLS = ("one-take", "loso", "same-person", "schneider2019", "open-set", "open-set-one-person", "stream")
METHODS = ("default", "reference")
TEMPLATES = ("others", "same")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `evaluate`."""
    parser.add_argument("datasets", metavar="DATASET[,DATASET...]", help="folders in the layout of docs/evaluation.md")
    parser.add_argument("--protocol", required=True, choices=(*PROTOCOLS, "all"), help="all: each one that applies")
    parser.add_argument("--method", choices=METHODS, default="default", help="reference: the baseline recipe; slow")
    parser.add_argument(
        "--templates",
        choices=TEMPLATES,
        help="of stream: other people's takes (default) or the same person's other recordings; with all: both",
    )
    parser.add_argument("--json", action="store_true", help="last line of standard output is one JSON object")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw a picture: .png, .svg or .pdf")
    parser.add_argument("--processes", type=int, metavar="N", help="default: one for each core")
