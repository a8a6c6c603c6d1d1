"""The arguments of the commands `train` and `runs`. Imports no framework: every command's parser passes here."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from webapp.training.config import LOSSES, NETWORKS, PRECISIONS, SPLITS_BY, STATES, Augmentation, RunSettings
from webapp.vision.own_card import FAMILIES, FORMS

_DEFAULTS, _AUGMENTED = RunSettings(), Augmentation()
_TOLD: Mapping[str, str] = {
    "epochs": "at most so many",
    "batch_size": "pictures at a time",
    "learning_rate": "at first",
    "patience": "epochs without a better validation loss until it stops",
    "plateau_patience": "epochs without one until the learning rate falls",
    "validation_share": "of the samples, to choose the best epoch by",
    "test_share": "of the samples, to judge it by at the end",
    "seed": "of the split, the first weights and all chance",
}
_CHANGES: Mapping[str, tuple[str, str]] = {
    "rotation": ("rotation_deg", "degrees either way"),
    "scale": ("scale", "share either way"),
    "shift": ("shift", "share of the side either way"),
    "brightness": ("brightness", "of 0..1 either way"),
    "blur": ("blur", "at most this sigma, in pixels of 128"),
    "occlusion": ("occlusion", "share of the side of a grey square"),
}
"""By option: the setting of the augmentation, and what it is."""


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is trained on what, and how; what is not said has the default of the pages."""
    parser.add_argument("--dataset", required=True, metavar="NAME", help="its name, or its id")
    parser.add_argument("--owner", metavar="USERNAME", help="whose, where several accounts have one of this name")
    parser.add_argument("--name", help="what to call the run, default Run 1, Run 2, ...")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the tables")
    settings = parser.add_argument_group("settings", argument_default=argparse.SUPPRESS)
    settings.add_argument("--model", dest="network", choices=NETWORKS, help=_default("network"))
    settings.add_argument("--family", choices=FAMILIES, help=_default("family"))
    losses = sorted({loss for known in LOSSES.values() for loss in known})
    settings.add_argument("--loss", choices=losses, help="wing, mse or oks of a regression, mse of heatmaps")
    settings.add_argument("--side", dest="side_px", type=int, metavar="PX", help=f"of the crop, {_default('side_px')}")
    for key, told in _TOLD.items():
        kind = type(getattr(_DEFAULTS, key))
        settings.add_argument(_option(key), type=kind, metavar="N", help=f"{told}, {_default(key)}")
    settings.add_argument("--max-minutes", type=float, metavar="N", help="of training, default no limit")
    settings.add_argument("--precision", choices=PRECISIONS, help="auto: mixed where a GPU is fast at it")
    settings.add_argument(
        "--split-by", choices=SPLITS_BY, help="what is in one split alone: a person (default), or a recording (source)"
    )
    settings.add_argument("--states", type=_states, metavar=",".join(STATES), help="of the samples, default reviewed")
    settings.add_argument("--teacher", metavar="MODEL", help="a pose model that the result is compared with")
    settings.add_argument("--no-pretrained", dest="pretrained", action="store_false", help="begin with random weights")
    changes = parser.add_argument_group("changes of the pictures", argument_default=argparse.SUPPRESS)
    changes.add_argument("--no-flip", dest="flip", action="store_false", help="never mirrored")
    for option, (key, told) in _CHANGES.items():
        text = f"{told}, default {getattr(_AUGMENTED, key):g}; 0: none"
        changes.add_argument(f"--{option}", dest=key, type=float, metavar="N", help=text)


def said_settings(arguments: argparse.Namespace) -> dict[str, object]:
    """What was said of the run, as training.config.run_settings takes it."""
    said = vars(arguments)
    augmentation = {key: said[key] for key in vars(_AUGMENTED) if key in said}
    return {**{key: said[key] for key in vars(_DEFAULTS) if key in said}, "augmentation": augmentation}


def add_runs_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare list, show, cancel, register and remove."""
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="every run: how it stands, how good it is")
    listing.add_argument("--dataset", metavar="NAME", help="of this dataset alone: its name, or its id")
    listing.add_argument("--owner", metavar="USERNAME", help="whose dataset, where several have one of this name")
    show = _add_run(actions.add_parser("show", help="settings, epochs and results of a run"))
    show.add_argument("--json", action="store_true", help="one JSON object instead of the tables")
    _add_run(actions.add_parser("cancel", help="end a run; what it reached by then stays"))
    register = _add_run(actions.add_parser("register", help="install a form of its network as a pose model"))
    register.add_argument("--name", required=True, help="of the model: a-z, 0-9, _ and -; it becomes NAME-vNUMBER")
    register.add_argument("--form", choices=FORMS, default="dynamic", help="default dynamic")
    register.add_argument("--note", default="", help="what this version is for")
    register.add_argument("--activate", action="store_true", help="use it from now on")
    _add_run(actions.add_parser("remove", help="delete a run with its files; registered models stay"))


def _add_run(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("run_named", metavar="RUN", help="the beginning of its id, or its name")
    return parser


def _states(said: str) -> tuple[str, ...]:
    return tuple(said.split(","))


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _default(key: str) -> str:
    return f"default {getattr(_DEFAULTS, key)}"
