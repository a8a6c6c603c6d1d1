"""Versions and statistics over HTTP."""

from __future__ import annotations

import pytest

from tests.conftest import Browser, error_of
from tests.dataset_seeding import Seeded
from tests.web.datasets import arms, base, people

__all__ = ("arms", "people")


@pytest.mark.parametrize(
    ("who", "look", "make"),
    [
        ("viewer", 200, 403),
        ("labeller", 200, 403),
        ("editor", 200, 201),
        ("owner", 200, 201),
        ("admin", 200, 201),
        ("stranger", 404, 404),
    ],
)
def test_everybody_may_do_what_their_role_says(
    people: dict[str, Browser], arms: Seeded, who: str, look: int, make: int
) -> None:
    browser, url = people[who], base(arms)
    people["owner"].send_json(f"{url}/versions", {})

    for path in ("versions.json", "versions/1/compare?with=now", "statistics.json"):
        assert browser.get_json(f"{url}/{path}").status_code == look, path
    assert browser.send_json(f"{url}/versions", {"note": "mine"}).status_code == make
    assert browser.send_json(f"{url}/versions/1/restore", {}).status_code == (200 if make == 201 else make)


def test_who_is_logged_out_is_told_to_log_in(visitor: Browser, arms: Seeded) -> None:
    for path in ("versions.json", "versions/1/compare", "statistics.json"):
        assert visitor.get_json(f"{base(arms)}/{path}").status_code == 401
    for path in ("versions", "versions/1/restore"):
        assert visitor.send_json(f"{base(arms)}/{path}", {}).status_code == 401


def test_a_version_is_made_listed_compared_and_restored(people: dict[str, Browser], arms: Seeded) -> None:
    url, owner = base(arms), people["owner"]
    made = owner.send_json(f"{url}/versions", {"note": "first"}).get_json()
    assert {key: made[key] for key in made if key != "made_at"} == {
        "number": 1,
        "reason": "hand",
        "note": "first",
        "made_by": "owner",
        "samples": 8,
    }
    owner.send_json(f"{url}/samples/edit", {"sample_ids": [arms.sample_ids[0]], "action": "delete"})
    owner.send_json(f"{url}/samples/edit", {"sample_ids": [arms.sample_ids[1]], "action": "split", "value": "test"})

    found = owner.get_json(f"{url}/versions/1/compare?with=now").get_json()

    assert [found[kind] for kind in ("added", "removed", "changed", "unchanged")] == [0, 1, 1, 6]
    changed = next(one for one in found["samples"] if one["kind"] == "changed")
    assert (changed["position"], changed["before"]["split"], changed["after"]["split"]) == (1, None, "test")
    assert len(changed["after"]["points"]) == 6
    for one in found["samples"]:  # of the deleted one too
        assert owner.get(one["thumbnail_url"]).status_code == 200
    assert owner.send_json(f"{url}/versions/1/restore", {}).get_json() == {"kept_as": 2}
    assert [one["reason"] for one in owner.get_json(f"{url}/versions.json").get_json()["versions"]] == [
        "restore",
        "hand",
    ]
    assert owner.get_json(f"{url}/samples").get_json()["total"] == 8
    same = owner.get_json(f"{url}/versions/1/compare?with=now").get_json()
    assert (same["unchanged"], same["samples"]) == (8, [])


def test_statistics_have_every_number_of_the_page(people: dict[str, Browser], arms: Seeded) -> None:
    found = people["viewer"].get_json(f"{base(arms)}/statistics.json").get_json()

    assert (found["samples"], found["pictures"]) == (8, 8)
    assert found["by_state"] == {"proposed": 4, "reviewed": 2, "unlabelled": 2}
    assert {one["name"] for one in found["people"]} == {"Anna", "Ben", None}
    assert set(found["keypoints"][0]) == {"name", "absent", "hidden", "visible"}
    assert (len(found["positions"]["counts"]), len(found["positions"]["counts"][0])) == (6, found["positions"]["side"])
    assert sum(found["confidence_histogram"]) == 6
    assert set(found["bones"][0]) == {"from", "to", "low", "median", "high"}


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("7/compare", 404, "has no version 7"),
        ("1/compare?with=yesterday", 400, "with must be a version's number or now"),
        ("99999999999999999999/compare", 404, "has no version"),
        ("7/restore", 404, "has no version 7"),
    ],
)
def test_versions_that_are_not_there_are_not_found(
    people: dict[str, Browser], arms: Seeded, path: str, status: int, sentence: str
) -> None:
    url, owner = f"{base(arms)}/versions/{path}", people["owner"]

    answer = owner.send_json(url, {}) if path.endswith("restore") else owner.get_json(url)

    assert (answer.status_code, sentence in error_of(answer)) == (status, True), answer.text


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"note": "x" * 201}, 422, "at most 200 characters"),
        ({"note": 5}, 400, "note must be a text"),
        ([], 400, "object"),
    ],
)
def test_a_note_that_cannot_be_is_refused(
    people: dict[str, Browser], arms: Seeded, body: object, status: int, sentence: str
) -> None:
    answer = people["owner"].send_json(f"{base(arms)}/versions", body)

    assert (answer.status_code, sentence in error_of(answer)) == (status, True)
