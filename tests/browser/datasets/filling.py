"""What tests that fill a dataset share: the man who holds poses, and what the dataset holds in the end."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import cv2
from playwright.sync_api import Page, expect

from tests.browser.clips import Image, man_alone

HELD = 45
"""Pictures for which the man of the camera holds a pose: a second and a half."""
POSES = (0, 14, 19, 26)
"""Frames of the clip with arms down, half up, up and half down."""
JOB_MS = 120_000


def camera(path: Path, pictures: list[Image]) -> Path:
    """A loop for Chromium's fake camera in which each picture is held."""
    with path.open("wb") as file:
        for image in pictures:
            file.write(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes() * HELD)
    return path


def posing() -> list[Image]:
    """The man, holding one pose after the other."""
    return list(itertools.chain.from_iterable(man_alone(range(frame, frame + 1)) for frame in POSES))


def samples_of(page: Page, dataset_url: str) -> list[dict[str, Any]]:
    """What the dataset holds in the end."""
    answer = page.request.get(f"{dataset_url}/samples?limit=200", headers={"Accept": "application/json"})
    assert answer.ok, answer.text()
    samples: list[dict[str, Any]] = answer.json()["samples"]
    return samples


def expect_job(page: Page, text: str) -> None:
    expect(page.locator("[data-job]")).to_contain_text(text, timeout=JOB_MS)
