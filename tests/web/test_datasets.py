"""Pages and addresses of datasets: who may come where, and what forms and JSON do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from flask import Flask

from tests.conftest import Browser, LogIn, error_of
from tests.dataset_seeding import Seeded, seed_dataset
from webapp.config import Settings
from webapp.core.skeleton import HAND_21
from webapp.core.skeleton_json import skeleton_to_json
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset, PicturedPerson
from webapp.db.engine import transaction
from webapp.db.jobs import Job

CRAB = {"name": "crab", "keypoints": ["top", "claw", "pincer"], "edges": [[0, 1], [0, 2]], "flip_pairs": [[1, 2]]}


@pytest.fixture
def owner(log_in: LogIn) -> Browser:
    return log_in("owner")


@pytest.fixture
def members(log_in: LogIn) -> dict[str, Browser]:
    return {
        **{role: log_in(role) for role in ("viewer", "labeller", "editor", "stranger")},
        "coach": log_in("coach", role="coach"),
        "admin": log_in("chief", role="admin"),
    }


@pytest.fixture
def arms(app: Flask, settings: Settings, owner: Browser, members: dict[str, Browser]) -> Seeded:
    with app.app_context():
        user = db.session.get(User, owner.user_id)
        assert user is not None
        roles = {members[role].user_id: role for role in ("viewer", "labeller", "editor")}
        assert None not in roles
        return seed_dataset(user, settings.instance_dir, 8, name="Arms", members=roles)  # type: ignore[arg-type]


OUTSIDERS = ("stranger", "coach")


@dataclass(frozen=True)
class Change:
    """One change of a dataset. may: who may do it, beside its owner; the others of those it is shared with get 403."""

    method: str
    place: str
    body: Mapping[str, str]
    may: tuple[str, ...] = ("admin",)


CHANGES = (
    Change("POST", "rename", {"name": "Legs"}),
    Change("POST", "members", {"username": "stranger", "role": "viewer"}),
    Change("POST", "members/{viewer}/role", {"role": "editor"}),
    Change("DELETE", "members/{labeller}", {}, may=("labeller", "admin")),
    Change("DELETE", "", {"name": "Arms"}),
)


@pytest.mark.parametrize("page", ["", "settings"])
def test_pages_are_for_who_it_is_shared_with(members: dict[str, Browser], arms: Seeded, page: str) -> None:
    for role, browser in members.items():
        answer = browser.get(f"/datasets/{arms.dataset_id}/{page}")

        assert answer.status_code == (404 if role in OUTSIDERS else 200), role
        assert ("Arms" in answer.text) == (role not in OUTSIDERS)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change.method} {change.place}")
def test_changes_are_the_owners(members: dict[str, Browser], arms: Seeded, change: Change) -> None:
    ids = {name: browser.user_id for name, browser in members.items()}
    url = f"/datasets/{arms.dataset_id}/{change.place.format(**ids)}"

    for role in members.keys() - set(change.may):
        answer = members[role].send_json(url, change.body, change.method)
        assert answer.status_code == (404 if role in OUTSIDERS else 403), role
    assert members[change.may[0]].send_json(url, change.body, change.method).status_code == 200


@pytest.mark.parametrize("place", ["", "/rename", "/consent", "/merge", "/delete"])
def test_people_are_their_owners_and_administrators_alone(
    members: dict[str, Browser], arms: Seeded, place: str
) -> None:
    url = f"/datasets/people/{arms.people['Anna']}{place}"
    fields = {"name": "Zoe", "into": "Ben"}

    for role in (*members.keys() - {"admin"}, "admin"):
        answer = members[role].send_json(url, fields) if place else members[role].get(url)
        assert answer.status_code == (200 if role == "admin" else 404), role


def test_who_may_collect_may_name_people(members: dict[str, Browser], arms: Seeded, owner: Browser) -> None:
    new = {"dataset_id": arms.dataset_id, "name": "Zoe", "agreed": True}

    answers = {role: members[role].send_json("/datasets/people/", new) for role in ("stranger", "labeller", "editor")}

    assert [answer.status_code for answer in answers.values()] == [404, 403, 200]
    assert answers["editor"].get_json()["created"] is True
    named = owner.get_json(f"/datasets/people/?dataset={arms.dataset_id}").get_json()["people"]
    assert [(one["name"], bool(one["consented_at"])) for one in named] == [
        ("Anna", False),
        ("Ben", False),
        ("Zoe", True),
    ]


@pytest.mark.parametrize("url", ["/datasets/", "/datasets/new", "/datasets/people/"])
def test_everybody_signed_in_has_pages_of_their_own(log_in: LogIn, visitor: Browser, url: str) -> None:
    assert log_in("anna").get(url).status_code == 200
    assert visitor.get(url).location == f"/login?next={url}"


def test_the_bar_leads_everybody_to_datasets(log_in: LogIn) -> None:
    for role in ("user", "coach", "admin"):
        page = log_in(f"some-{role}", role=role).get("/live/").text

        assert page.count('href="/datasets/"') == 2  # at the top, and on the phone at the bottom
        assert page.count('href="/models/"') == 1  # in the account's menu


@pytest.mark.parametrize("skeleton", ["coco_17", skeleton_to_json(HAND_21), CRAB])
def test_a_dataset_is_made_with_a_skeleton_of_any_kind(owner: Browser, skeleton: object) -> None:
    answer = owner.send_json("/datasets/", {"name": "Beach", "skeleton": skeleton})

    assert answer.status_code == 200, answer.text
    shown = owner.get_json(answer.get_json()["url"]).get_json()
    assert (shown["name"], shown["level"], shown["pictures"]) == ("Beach", "own", 0)
    assert shown["skeleton"]["flip_pairs"] == [[1, 2]] if skeleton is CRAB else "flip_pairs" not in shown["skeleton"]


def test_the_form_makes_one_with_a_ready_made_skeleton(owner: Browser) -> None:
    made = owner.send_form("/datasets/", name="Beach", skeleton="upper_body_6")

    assert made.status_code == 302
    assert "Beach" in owner.get(made.location).text


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"name": "", "skeleton": "coco_17"}, 422, "a dataset needs a name"),
        ({"name": "x" * 81, "skeleton": "coco_17"}, 422, "81 characters"),
        ({"name": "Beach", "skeleton": "sixteen_legs"}, 422, "'sixteen_legs' is unknown"),
        ({"name": "Beach", "skeleton": {**CRAB, "edges": [[0, 9]]}}, 422, "positions from 0 to 2"),
        ({"name": "Beach"}, 400, "the body lacks skeleton"),
        ({"name": 7, "skeleton": "coco_17"}, 400, "name must be a text"),
    ],
)
def test_what_is_no_dataset_is_refused_in_a_sentence(owner: Browser, body: object, status: int, said: str) -> None:
    answer = owner.send_json("/datasets/", body)

    assert answer.status_code == status
    assert said in error_of(answer)


def test_a_skeleton_can_be_checked_without_making_anything(owner: Browser) -> None:
    good = owner.send_json("/datasets/skeleton", {"skeleton": CRAB}).get_json()
    bad = owner.send_json("/datasets/skeleton", {"skeleton": {**CRAB, "keypoints": ["top", "top", "x"]}}).get_json()

    assert good == {"problem": None}
    assert bad == {"problem": "Skeleton: keypoint 'top' is there twice; each name may be given once."}


def test_the_list_keeps_apart_whose_they_are(members: dict[str, Browser], owner: Browser, arms: Seeded) -> None:
    assert "Yours" in owner.get("/datasets/").text
    assert "Shared with you" in members["viewer"].get("/datasets/").text
    assert "Of other accounts" in members["admin"].get("/datasets/").text
    assert "No dataset yet" in members["stranger"].get("/datasets/").text
    listed = members["editor"].get_json("/datasets/").get_json()["datasets"]
    assert [(one["name"], one["owner"], one["level"], one["by_state"]["reviewed"]) for one in listed] == [
        ("Arms", "owner", "edit", 2)
    ]


OFFERED = {
    "viewer": (["/pictures", "/statistics"], ["/collect", "/label", "#propose-title"]),
    "labeller": (["/label", "/pictures"], ["/collect", "#export-title"]),
    "editor": (["/collect", "/import", "/label", "/jobs#propose-title", "/jobs#export-title"], []),
}


def test_the_overview_offers_what_one_may_do(members: dict[str, Browser], arms: Seeded) -> None:
    for role, (offered, not_offered) in OFFERED.items():
        page = members[role].get(f"/datasets/{arms.dataset_id}/").text

        assert [address for address in offered if f'{address}"' not in page] == [], role
        assert [address for address in not_offered if f'{address}"' in page] == [], role


def test_the_overview_shows_jobs(app: Flask, owner: Browser, arms: Seeded) -> None:
    with app.app_context(), transaction() as session:
        for state in ("running", "failed"):
            session.add(Job(kind="propose", dataset_id=arms.dataset_id, state=state, parameters="{}", message=None))

    page = owner.get(f"/datasets/{arms.dataset_id}/").text

    assert page.count("data-watch-job") == 1
    assert "failed" in page


def test_settings_are_for_the_owner_to_change(members: dict[str, Browser], owner: Browser, arms: Seeded) -> None:
    url = f"/datasets/{arms.dataset_id}/settings"

    assert "Delete it for good" in owner.get(url).text
    seen = members["labeller"].get(url).text
    assert "Delete it for good" not in seen
    assert "viewer" in seen
    assert seen.count("Leave") == 2  # its words and its label
    left = members["labeller"].send_form(f"/datasets/{arms.dataset_id}/members/{members['labeller'].user_id}/remove")
    assert (left.status_code, left.location) == (302, "/datasets/")
    assert members["labeller"].get(url).status_code == 404


def test_sharing_with_nobody_is_said_above_the_form(owner: Browser, arms: Seeded) -> None:
    answer = owner.send_form(f"/datasets/{arms.dataset_id}/members", username="nobody-at-all", role="viewer")

    assert answer.location == f"/datasets/{arms.dataset_id}/settings"
    assert "nobody-at-all" in owner.get(answer.location).text


def test_an_empty_dataset_is_not_called_labelled(owner: Browser) -> None:
    made = owner.send_json("/datasets/", {"name": "Empty", "skeleton": "coco_17"}).get_json()

    page = owner.get(f"/datasets/{made['dataset_id']}/").text

    assert "once there are pictures" in page
    assert "Everybody has a label" not in page


def test_deleting_by_form_needs_the_name(app: Flask, owner: Browser, arms: Seeded) -> None:
    url = f"/datasets/{arms.dataset_id}/delete"

    mistyped = owner.send_form(url, name="arm")
    assert mistyped.location == f"/datasets/{arms.dataset_id}/settings"
    assert "to delete it; nothing was deleted" in owner.get(mistyped.location).text
    assert owner.send_json(url, {"name": "arm"}).status_code == 422
    assert owner.send_form(url, name="Arms").location == "/datasets/"
    with app.app_context():
        assert db.session.get(Dataset, arms.dataset_id) is None


def test_a_persons_page_asks_before_it_deletes(app: Flask, owner: Browser, arms: Seeded) -> None:
    anna = arms.people["Anna"]

    page = owner.get(f"/datasets/people/{anna}").text
    assert "3 pictures would go" in page
    assert "No consent is recorded" in page
    owner.send_form(f"/datasets/people/{anna}/consent")
    assert "word for word" in owner.get(f"/datasets/people/{anna}").text

    assert owner.send_form(f"/datasets/people/{anna}/delete").location == "/datasets/people/"
    with app.app_context():
        assert db.session.get(PicturedPerson, anna) is None
    assert "Anna" not in owner.get("/datasets/people/").text.replace("and 3 pictures", "")


def test_a_persons_page_tells_of_recordings_that_are_not_handed_in(owner: Browser, arms: Seeded) -> None:
    wishes = {"session": "Monday", "source": "webcam", "people": "given", "person_name": "Zoe", "agreed": True}
    assert owner.send_json(f"/datasets/{arms.dataset_id}/imports", wishes).status_code == 201
    named = owner.get_json(f"/datasets/people/?dataset={arms.dataset_id}").get_json()["people"]
    (zoe,) = [person["person_id"] for person in named if person["name"] == "Zoe"]

    page = owner.get(f"/datasets/people/{zoe}").text

    assert "1 recording of theirs, begun and not handed in yet, would go too." in page
    assert "only the name and the consent" not in page


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '" onload="x'])
def test_a_name_is_shown_as_text(owner: Browser, name: str) -> None:
    made = owner.send_json("/datasets/", {"name": name, "skeleton": CRAB}).get_json()

    for url in ("/datasets/", made["url"], f"{made['url']}settings"):
        page = owner.get(url).text
        assert "<script>alert" not in page
        assert '" onload="' not in page


def test_an_own_skeleton_arrives_whole_in_the_page(owner: Browser) -> None:
    made = owner.send_json("/datasets/", {"name": "Beach", "skeleton": CRAB}).get_json()

    page = owner.get(made["url"]).text

    drawn = page.split('data-skeleton="')[1].split('"')[0]
    assert json.loads(drawn.replace("&#34;", '"')) == CRAB
