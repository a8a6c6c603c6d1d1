"""ImageNet's weights for the published networks: Keras's own files, fetched once, or else a sentence why not."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from webapp.vision.download import DownloadError, alone_in, fetch_into

LIMIT_S = 60.0
"""So long may a run wait for them; what came till then is gone on with by the next run."""
FOLDER = "imagenet"
"""In the folder of weights."""
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_RANDOM = "The first weights are random: "


@dataclass(frozen=True)
class PublishedWeights:
    """Of a network without its last layer, as Keras's `applications` names the file and its md5."""

    url: str
    md5: str
    size_bytes: int

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


PUBLISHED: Mapping[str, PublishedWeights] = {
    "resnet50": PublishedWeights(
        f"{_KERAS}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "4d473c1dd8becc155b73f8504c6f6626",
        94_765_736,
    ),
    "mobilenet_v3_small": PublishedWeights(
        f"{_KERAS}/mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        "d3e8ec802a04aa4fc771ee12a9a9b836",
        4_334_752,
    ),
    "efficientnet_b0": PublishedWeights(
        f"{_KERAS}/efficientnetb0_notop.h5", "50bc09e76180e00e4465e1a485ddc09d", 16_705_208
    ),
}


def imagenet_weights(
    network: str,
    weights_dir: Path,
    *,
    published: Mapping[str, PublishedWeights] = PUBLISHED,
    max_seconds: float = LIMIT_S,
) -> tuple[Path | None, str]:
    """The network's file, and a sentence that says where the first weights come from.

    It is fetched into weights_dir/imagenet/ where it is not there whole. None where that fails, or nobody has published
    any: the sentence then says that the weights are random, and why.
    """
    if network not in published:
        return None, f"{_RANDOM}of the {network} network nobody has published any."
    wanted = published[network]
    path = weights_dir / FOLDER / wanted.name
    try:
        if not _is_whole(wanted, path):
            _fetch(wanted, path, max_seconds)
    except DownloadError as error:
        return None, f"{_RANDOM}{wanted.url} could not be fetched: {error}."
    except OSError as error:
        return None, f"{_RANDOM}{path} could not be written: {error.strerror or error}."
    return path, f"The first weights are those of {network} trained on ImageNet, {path.name}."


def _fetch(wanted: PublishedWeights, path: Path, max_seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline_s = time.monotonic() + max_seconds
    with alone_in(path.parent, deadline_s):
        if _is_whole(wanted, path):  # another run has fetched it meanwhile
            return
        part = path.with_name(f"{path.name}.part")
        fetch_into(part, wanted.url, wanted.size_bytes, deadline_s)
        if not _is_whole(wanted, part):
            part.unlink()
            raise DownloadError("what came has another md5 than Keras says, it was thrown away")
        os.replace(part, path)


def _is_whole(wanted: PublishedWeights, path: Path) -> bool:
    return path.is_file() and _md5_of(path) == wanted.md5


def _md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
