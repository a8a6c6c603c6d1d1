"""The figures of a run that has ended, on its page: none is rounded away, and each says what it is measured in."""

from __future__ import annotations

import re

from flask import Flask

from tests.conftest import Browser
from tests.dataset_seeding import Seeded
from tests.run_seeding import evaluation
from tests.web.datasets import arms, people
from tests.web.runs import seeded

__all__ = ["arms", "people"]


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_errors_are_told_by_visibility(app: Flask, people: dict[str, Browser], arms: Seeded) -> None:
    told = evaluation(arms)
    told["model"]["visible"]["error"], told["model"]["hidden"] = 0.131, {"labelled": 7, "pck02": 0.4, "error": 0.292}

    words = words_of(people["viewer"].get(f"/runs/{seeded(app, people, arms, metrics=told)}").text)

    assert "Mean error of visible keypoints 0.131" in words
    assert "PCK@0.2 of hidden keypoints (7) 40.0 %" in words
    assert "Mean error of hidden keypoints 0.292" in words


def test_of_keypoints_that_nobody_hid_there_is_no_error(app: Flask, people: dict[str, Browser], arms: Seeded) -> None:
    page = people["viewer"].get(f"/runs/{seeded(app, people, arms, metrics=evaluation(arms))}").text

    assert "Mean error of visible keypoints" in page
    assert "Mean error of hidden keypoints" not in page


def test_a_form_that_takes_less_than_a_tenth_of_a_millisecond_takes_some_time(
    app: Flask, people: dict[str, Browser], arms: Seeded
) -> None:
    told = evaluation(arms)
    told["forms"] = [{**form, "latency_ms": {"litert": 0.04, "openvino": 12.34}} for form in told["forms"]]

    page = people["viewer"].get(f"/runs/{seeded(app, people, arms, metrics=told)}").text

    assert "litert 0.04 ms, openvino 12.3 ms" in page
