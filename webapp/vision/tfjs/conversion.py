"""A TensorFlow.js graph model as a TFLite file, made by TensorFlow's own converter in a child process.

TensorFlow takes 10 s to load and half a gigabyte, which nobody else is to pay for.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from webapp.core.errors import ModelUnavailableError
from webapp.vision.child_process import run_module

MAX_SECONDS = 600.0
_CHILD = "webapp.vision.tfjs.converter"


def convert(model_json: Path, target: Path, side_px: int) -> float:
    """Write the TFLite file for pictures of side_px x side_px.

    The largest difference between TensorFlow's and its answer to the same picture. ModelUnavailableError says why not.
    """
    arguments = [str(model_json.resolve()), str(target.resolve()), str(side_px)]
    try:
        done = run_module(_CHILD, arguments, MAX_SECONDS, {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""})
    except subprocess.TimeoutExpired as error:
        raise ModelUnavailableError(f"{model_json.name} was not converted within {MAX_SECONDS:g} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"the conversion ended with status {done.returncode}"]
        raise ModelUnavailableError(f"{model_json.name} could not be converted: {said[-1]}")
    return float(json.loads(done.stdout.splitlines()[-1])["largest_difference"])
