"""Pictures, samples, labels and the queue over HTTP: who gets what, and what hostile requests get."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from tests.conftest import Browser, error_of
from tests.dataset_seeding import Seeded, picture_path
from tests.web.datasets import arms, base, people
from webapp.config import Settings
from webapp.db.base import db
from webapp.db.datasets import Picture

__all__ = ("arms", "people")

REFUSED = 403


def label_of(browser: Browser, arms: Seeded, number: int = 0, **changes: Any) -> dict[str, Any]:
    """A sample's label as the page would send it back, accepted."""
    sample = browser.get_json(f"{base(arms)}/samples/{arms.sample_ids[number]}").get_json()
    keypoints = [each[:3] for each in sample["keypoints"]]
    body = {"revision": sample["revision"], "box_px": sample["box_px"], "keypoints": keypoints, "state": "reviewed"}
    return body | changes


def requests_of(arms: Seeded, body: dict[str, Any]) -> dict[str, tuple[str, str, object]]:
    url, sample = base(arms), f"{base(arms)}/samples/{arms.sample_ids[0]}"
    ids = {"sample_ids": [arms.sample_ids[1]]}
    return {
        "list": ("GET", f"{url}/samples", None),
        "sample": ("GET", sample, None),
        "revisions": ("GET", f"{sample}/revisions", None),
        "thumbnail": ("GET", f"{sample}/thumbnail", None),
        "picture": ("GET", f"{url}/pictures/{arms.picture_ids[0]}/file", None),
        "queue": ("GET", f"{url}/queue", None),
        "save": ("PUT", f"{sample}/label", body),
        "exclude": ("POST", f"{url}/samples/edit", {**ids, "action": "exclude"}),
        "split": ("POST", f"{url}/samples/edit", {**ids, "action": "split", "value": "test"}),
        "delete": ("POST", f"{url}/samples/edit", {**ids, "action": "delete"}),
    }


LOOKING = {"list", "sample", "revisions", "thumbnail", "picture"}
LABELLING = LOOKING | {"queue", "save", "exclude"}
EVERYTHING = LABELLING | {"split", "delete"}


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("viewer", LOOKING),
        ("labeller", LABELLING),
        ("editor", EVERYTHING),
        ("owner", EVERYTHING),
        ("admin", EVERYTHING),
    ],
)
def test_everybody_may_do_what_their_role_says(
    people: dict[str, Browser], arms: Seeded, who: str, may: set[str]
) -> None:
    wanted = requests_of(arms, label_of(people["owner"], arms))
    for name, (method, url, body) in wanted.items():
        answer = people[who].get_json(url) if method == "GET" else people[who].send_json(url, body, method=method)
        assert answer.status_code == (200 if name in may else REFUSED), (name, answer.text)


def test_for_strangers_nothing_is_there_and_who_is_logged_out_is_told_to_log_in(
    people: dict[str, Browser], visitor: Browser, arms: Seeded
) -> None:
    wanted = requests_of(arms, label_of(people["owner"], arms))
    for name, (method, url, body) in wanted.items():
        for browser, status in ((people["stranger"], 404), (visitor, 401)):
            answer = browser.get_json(url) if method == "GET" else browser.send_json(url, body, method=method)
            assert answer.status_code == status, name


def test_the_list_says_everything_of_a_sample(people: dict[str, Browser], arms: Seeded) -> None:
    answer = (
        people["viewer"].get_json(f"{base(arms)}/samples?state=proposed&state=reviewed&limit=2&offset=1").get_json()
    )

    assert (answer["total"], answer["offset"], answer["change_number"]) == (6, 1, 0)
    assert [sample["sample_id"] for sample in answer["samples"]] == list(arms.sample_ids[1:3])
    first = answer["samples"][0]
    assert set(first) == {
        *("sample_id", "position", "picture_id", "file_name", "width_px", "height_px", "box_px", "state", "split"),
        *("person", "revision", "teacher", "confidence", "bone_error", "disagreement", "pose_group", "duplicate_of"),
        *("source", "session", "labelled_by", "labelled_at", "thumbnail_url", "picture_url"),
    }
    assert first["person"] == {"person_id": arms.people["Ben"], "name": "Ben"}
    for url in (first["thumbnail_url"], first["picture_url"]):
        assert people["viewer"].get(url).status_code == 200


def test_two_labellers_do_not_overwrite_each_other(people: dict[str, Browser], arms: Seeded) -> None:
    url = f"{base(arms)}/samples/{arms.sample_ids[0]}/label"
    body = label_of(people["owner"], arms)
    theirs = body | {"keypoints": [[30, 40, 2], *body["keypoints"][1:]]}
    assert people["labeller"].send_json(url, theirs, method="PUT").get_json()["revision"] == 2
    assert people["labeller"].send_json(url, theirs, method="PUT").status_code == 200

    answer = people["editor"].send_json(url, body, method="PUT")

    assert answer.status_code == 409
    conflict = answer.get_json()
    assert "labelled by labeller meanwhile" in conflict["error"]
    assert (conflict["theirs"]["revision"], conflict["theirs"]["labelled_by"]) == (2, "labeller")
    assert conflict["theirs"]["keypoints"][0] == [30, 40, 2, None]
    assert people["editor"].send_json(url, body | {"revision": 2}, method="PUT").get_json()["revision"] == 3
    past = people["viewer"].get_json(url.replace("/label", "/revisions")).get_json()["revisions"]
    assert [(one["revision"], one["author"]) for one in past] == [(3, "editor"), (2, "labeller"), (1, None)]


def test_the_queue_gives_labels_and_says_how_many_are_left(people: dict[str, Browser], arms: Seeded) -> None:
    given = people["labeller"].get_json(f"{base(arms)}/queue?count=3").get_json()
    others = people["editor"].get_json(f"{base(arms)}/queue?count=20&order=position").get_json()

    assert given["left"] == others["left"] == 6
    assert {len(sample["keypoints"]) for sample in given["samples"]} == {6}
    mine, theirs = ({sample["sample_id"] for sample in found["samples"]} for found in (given, others))
    assert (len(mine), len(theirs), mine & theirs) == (3, 3, set())


def test_pictures_are_kept_by_the_browser_and_by_nobody_between(
    app: Flask, settings: Settings, people: dict[str, Browser], arms: Seeded
) -> None:
    with app.app_context():
        picture = db.session.get_one(Picture, arms.picture_ids[0])
        stored = picture_path(settings.instance_dir, picture.sha256).read_bytes()
    viewer, url = people["viewer"], f"{base(arms)}/pictures/{arms.picture_ids[0]}/file"

    plain, lasting = viewer.get(url), viewer.get(f"{url}?v=1")

    assert plain.data == stored
    assert (plain.mimetype, plain.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert plain.headers["Cache-Control"] == "private, no-cache"
    assert lasting.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    again = viewer.get(url, headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_thumbnail_is_made_when_it_is_asked_for_and_again_where_it_is_lost(
    settings: Settings, people: dict[str, Browser], arms: Seeded
) -> None:
    url = f"{base(arms)}/samples/{arms.sample_ids[0]}/thumbnail?v=1"
    folder = Path(settings.instance_dir) / "datasets" / "thumbnails"

    for _ in range(2):
        answer = people["viewer"].get(url)
        assert Image.open(io.BytesIO(answer.data)).size == (192, 192)
        assert "immutable" in answer.headers["Cache-Control"]
        for path in folder.glob("*/*.jpg"):
            path.unlink()


def test_a_picture_whose_file_is_lost_is_not_found(
    app: Flask, settings: Settings, people: dict[str, Browser], arms: Seeded
) -> None:
    with app.app_context():
        picture_path(settings.instance_dir, db.session.get_one(Picture, arms.picture_ids[0]).sha256).unlink()

    for url in (
        f"{base(arms)}/pictures/{arms.picture_ids[0]}/file",
        f"{base(arms)}/samples/{arms.sample_ids[0]}/thumbnail",
    ):
        assert people["viewer"].get_json(url).status_code == 404


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("limit=0", 422, "limit must be 1 to 200, got 0"),
        ("limit=many", 400, "limit must be a whole number"),
        ("offset=-1", 400, "offset must be a whole number"),
        ("offset=" + "9" * 30, 400, "offset must be a whole number"),
        ("order=luck", 422, "order must be one of"),
        ("state=new", 422, "state must be one of"),
        ("pose_group=x", 400, "pose_group must be a whole number"),
        ("text=" + "x" * 201, 400, "at most 200 characters"),
        ("outlier=all", 422, "outlier must be one of"),
        ("person=%00", 400, "a character that no name has"),
    ],
)
def test_a_query_that_cannot_be_is_refused(
    people: dict[str, Browser], arms: Seeded, query: str, status: int, sentence: str
) -> None:
    answer = people["viewer"].get_json(f"{base(arms)}/samples?{query}")

    assert (answer.status_code, sentence in error_of(answer)) == (status, True)


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b'{"revision": 1, "box_px": [0, 0, 9, 9], "keypoints": [[NaN, 1, 2]], "state": "reviewed"}', 400, "NaN"),
        (b"[]", 400, "must be a JSON object"),
        (b"{}", 422, "the label lacks box_px, keypoints, revision, state"),
        (b'{"keypoints": "' + b"x" * 70_000 + b'"}', 413, "larger than the 64 KiB"),
    ],
)
def test_a_hostile_label_is_refused(
    people: dict[str, Browser], arms: Seeded, body: bytes, status: int, sentence: str
) -> None:
    browser = people["labeller"]
    headers = {"X-CSRFToken": browser.token, "Accept": "application/json", "Content-Type": "application/json"}

    answer = browser.client.put(f"{base(arms)}/samples/{arms.sample_ids[0]}/label", data=body, headers=headers)

    assert (answer.status_code, sentence in error_of(answer)) == (status, True), answer.text


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"sample_ids": None}, 400, "sample_ids must be a list of texts"),
        ({"sample_ids": [{}]}, 400, "sample_ids must be a list of texts"),
        ({"filter": {}}, 400, "either sample_ids or filter"),
        ({"action": 5}, 400, "action must be a text"),
        ({"action": "burn"}, 422, "action must be one of"),
        ({"sample_ids": ["f" * 32] * 1001}, 422, "at most 1000, got 1001"),
        ({"action": "person", "value": "x"}, 422, "there is no person 'x'"),
        ({"action": "split", "value": 3}, 400, "value must be a text"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(
    people: dict[str, Browser], arms: Seeded, change: dict[str, object], status: int, sentence: str
) -> None:
    body = {"sample_ids": list(arms.sample_ids), "action": "delete"} | change

    answer = people["owner"].send_json(f"{base(arms)}/samples/edit", body)

    assert (answer.status_code, sentence in error_of(answer)) == (status, True), answer.text


def test_an_edit_by_filter_changes_what_the_filter_shows(people: dict[str, Browser], arms: Seeded) -> None:
    url, owner = base(arms), people["owner"]
    body = {"filter": {"state": ["unlabelled"], "pose_group": [], "text": "figure"}, "action": "exclude"}

    assert owner.send_json(f"{url}/samples/edit", body).get_json() == {"changed": 2}
    assert owner.get_json(f"{url}/samples?state=excluded").get_json()["total"] == 2
    hostile: tuple[object, ...] = ({"colour": ["red"]}, [], "all")
    for wrong in hostile:
        answer = owner.send_json(f"{url}/samples/edit", body | {"filter": wrong})
        assert answer.status_code == 400
        assert "filter must be an object" in error_of(answer)
