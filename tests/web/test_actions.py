"""The JSON addresses of docs/protocol.md and the pages around them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.conftest import Browser, LogIn, error_of
from tests.movements import arm_raise
from webapp.recognition import action_pack
from webapp.services.sequence_json import sequence_to_json

SEQUENCE: dict[str, Any] = sequence_to_json(arm_raise())


def new_take(**changes: object) -> dict[str, object]:
    take: dict[str, object] = {
        "client_key": "key-1",
        "sequence": SEQUENCE,
        "trim_start_s": 0.3,
        "trim_end_s": 1.6,
        "source": "webcam",
        "detector": "blazepose",
        "pose_model": "blazepose_full",
    }
    return take | changes


@pytest.fixture
def anna(log_in: LogIn) -> Browser:
    return log_in("anna")


@pytest.fixture
def action_id(anna: Browser) -> str:
    return str(anna.send_json("/actions/", {"name": "Arm raise"}).json["action_id"])  # type: ignore[index]


def takes_of(browser: Browser, action_id: str) -> list[dict[str, Any]]:
    answer = browser.get_json(f"/actions/{action_id}").json
    assert answer is not None
    return list(answer["takes"])


def test_an_action_of_the_same_name_in_any_case_is_the_same_action(anna: Browser) -> None:
    first = anna.send_json("/actions/", {"name": "Jumping  Jack"}).json
    again = anna.send_json("/actions/", {"name": "jumping jack"}).json

    assert first is not None
    assert again is not None
    assert (first["name"], first["created"]) == ("Jumping Jack", True)
    assert (again["action_id"], again["created"]) == (first["action_id"], False)


def test_two_people_may_use_the_same_name(anna: Browser, log_in: LogIn, action_id: str) -> None:
    other = log_in("ben").send_json("/actions/", {"name": "Arm raise"}).json

    assert other is not None
    assert other["created"] is True
    assert other["action_id"] != action_id


def test_a_kept_take_comes_back_trimmed(anna: Browser, action_id: str) -> None:
    answer = anna.send_json(f"/actions/{action_id}/takes", new_take())

    assert answer.status_code == 200
    take_id = answer.json["take_id"]  # type: ignore[index]
    trimmed = anna.get_json(f"/actions/{action_id}/takes/{take_id}/sequence").json
    whole = anna.get_json(f"/actions/{action_id}/takes/{take_id}/sequence?whole=1").json
    assert trimmed is not None
    assert trimmed["times_s"][0] == 0
    assert trimmed["times_s"][-1] == pytest.approx(1.3, abs=0.04)
    assert whole == SEQUENCE


def test_a_take_posted_twice_is_stored_once(anna: Browser, action_id: str) -> None:
    first = anna.send_json(f"/actions/{action_id}/takes", new_take()).json
    second = anna.send_json(f"/actions/{action_id}/takes", new_take()).json

    assert first == second
    assert len(takes_of(anna, action_id)) == 1


def test_a_take_can_be_trimmed_again_left_out_and_deleted(anna: Browser, action_id: str) -> None:
    take_id = anna.send_json(f"/actions/{action_id}/takes", new_take()).json["take_id"]  # type: ignore[index]
    url = f"/actions/{action_id}/takes/{take_id}"

    trimmed = anna.send_json(f"{url}/trim", {"trim_start_s": 0.0, "trim_end_s": 1.0})
    left_out = anna.send_json(f"{url}/enabled", {"enabled": False})

    assert (trimmed.status_code, trimmed.json, left_out.status_code) == (200, {}, 200)
    take = takes_of(anna, action_id)[0]
    assert (take["trim_start_s"], take["trim_end_s"], take["enabled"]) == (0.0, 1.0, False)
    assert anna.send_json(url, None, method="DELETE").status_code == 200
    assert takes_of(anna, action_id) == []


def test_the_check_finds_the_movement_and_stores_nothing(anna: Browser, action_id: str) -> None:
    answer = anna.send_json("/actions/check", {"sequence": SEQUENCE})

    assert answer.status_code == 200
    assert answer.json is not None
    assert set(answer.json) == {"trim_start_s", "trim_end_s", "usable", "reason", "warnings"}
    assert 0 <= answer.json["trim_start_s"] < answer.json["trim_end_s"] <= SEQUENCE["times_s"][-1]
    assert takes_of(anna, action_id) == []


def test_a_minute_at_full_rate_fits(anna: Browser, action_id: str) -> None:
    sequence = sequence_to_json(arm_raise(frames=3600, rate_hz=60.0))

    answer = anna.send_json(f"/actions/{action_id}/takes", new_take(sequence=sequence, trim_end_s=59.0))

    assert answer.status_code == 200


def broken(path: str, value: object) -> dict[str, Any]:
    """SEQUENCE with one value exchanged; path is dotted, numbers are indices."""
    sequence = copy.deepcopy(SEQUENCE)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = sequence
    for step in way:
        place = place[step]
    place[last] = value
    return sequence


BROKEN_SEQUENCES: dict[str, tuple[object, str]] = {
    "no object": ([1, 2], "sequence must be an object, got list"),
    "a key missing": ({"skeleton": "blazepose_33", "times_s": [0, 1]}, "sequence lacks keypoints, scores"),
    "unknown skeleton": (broken("skeleton", "octopus_8"), "'octopus_8' is unknown"),
    "skeleton of another type": (broken("skeleton", ["blazepose_33"]), "skeleton must be a name or an object"),
    "skeleton that claims a name": (
        broken("skeleton", {"name": "coco_17", "keypoints": ["a", "b"], "edges": []}),
        "ready-made",
    ),
    "one frame": (broken("times_s", [0]), "1 frames"),
    "too many frames": (broken("times_s", [n / 100 for n in range(3601)]), "3601 frames"),
    "too long": (broken("times_s.59", 61.5), "lasts 61.5 s"),
    "times not from 0": (broken("times_s.0", -0.5), "must begin at 0, got -0.5"),
    "times standing still": (broken("times_s.7", SEQUENCE["times_s"][6]), "must rise"),
    "a time missing": (broken("times_s.7", None), "got null"),
    "a frame missing": (broken("keypoints", SEQUENCE["keypoints"][:-1]), "a list of 59 where 60 must be"),
    "a keypoint missing": (broken("keypoints.3", SEQUENCE["keypoints"][3][:-1]), "a list of 32 where 33 must be"),
    "a coordinate missing": (broken("keypoints.3.4", [0.5]), "a list of 1 where 2 must be"),
    "a text for a list": (broken("keypoints.3", "ab"), "found 'ab' where a list must be"),
    "a text for a number": (broken("keypoints.3.4.1", "0.5"), "must hold numbers or null, got '0.5'"),
    "true for a number": (broken("scores.3.4", True), "must hold numbers or null, got True"),
    "a number beyond all": (broken("keypoints.3.4.1", 10**400), "too large"),
    "a coordinate on the moon": (broken("keypoints.3.4.1", 1e6), "within -20 to 20, got 1e+06"),
    "half a keypoint": (broken("keypoints.3.4.1", None), "must be [null, null]"),
    "a hidden keypoint that scores": (broken("keypoints.3.4", [None, None]), "must have the score 0, got 0.9"),
    "a score above one": (broken("scores.3.4", 1.5), "scores must lie within 0 to 1, got 1.5"),
    "no score": (broken("scores.3.4", None), "scores must be numbers"),
    "world of another shape": (broken("world_m.3.4", [0.1, 0.2]), "world_m must be (60, 33, 3)"),
}


@pytest.mark.parametrize("case", BROKEN_SEQUENCES)
@pytest.mark.parametrize("address", ["check", "takes"])
def test_a_broken_sequence_is_refused_with_what_is_wrong(
    anna: Browser, action_id: str, address: str, case: str
) -> None:
    sequence, sentence = BROKEN_SEQUENCES[case]
    body = {"sequence": sequence} if address == "check" else new_take(sequence=sequence)

    answer = anna.send_json("/actions/check" if address == "check" else f"/actions/{action_id}/takes", body)

    assert answer.status_code == 422
    assert sentence in error_of(answer)
    assert takes_of(anna, action_id) == []


BROKEN_TAKES: dict[str, tuple[dict[str, object], int, str]] = {
    "no key": ({"client_key": ""}, 422, "client_key must be 1 to 64 characters"),
    "key of another type": ({"client_key": 7}, 400, "client_key must be a text, got 7"),
    "unknown source": ({"source": "dream"}, 422, "'dream' is unknown"),
    "no detector": ({"detector": ""}, 422, "detector must be 1 to 64 characters"),
    "trim as text": ({"trim_start_s": "0.3"}, 400, "trim_start_s must be a number"),
    "trim beyond all": ({"trim_end_s": 10**400}, 400, "too large"),
    "trim reversed": ({"trim_start_s": 1.5, "trim_end_s": 0.5}, 422, "1.5 to 0.5 s does not lie in order"),
    "trim outside": ({"trim_end_s": 9.0}, 422, "within the take's 0 to 1.97 s"),
    "nothing left": ({"trim_start_s": 0.5, "trim_end_s": 0.55}, 422, "are left after trimming"),
}


@pytest.mark.parametrize("case", BROKEN_TAKES)
def test_a_broken_take_is_refused_with_what_is_wrong(anna: Browser, action_id: str, case: str) -> None:
    changes, status, sentence = BROKEN_TAKES[case]

    answer = anna.send_json(f"/actions/{action_id}/takes", new_take(**changes))

    assert answer.status_code == status
    assert sentence in error_of(answer)
    assert takes_of(anna, action_id) == []


BROKEN_BODIES = {
    "nothing": (b"", 400, "not JSON"),
    "half": (b'{"sequence": {"times_s": [0, 0.1', 400, "not JSON"),
    "no object": (b"[]", 400, "must be a JSON object, got list"),
    "not a number": (b'{"sequence": {"times_s": [NaN]}}', 400, "NaN is not a JSON number"),
    "no text": (b"\xff\xfe\x00", 400, "not JSON"),
    "nested without end": (b"[" * 200_000, 400, "not JSON"),
    "the key missing": (b"{}", 400, "lacks sequence"),
    "17 MiB": (b'{"sequence": "' + b"x" * (17 * 2**20) + b'"}', 413, "larger than the 16384 KiB"),
}


@pytest.mark.parametrize("case", BROKEN_BODIES)
def test_a_body_that_cannot_be_read_is_refused(anna: Browser, action_id: str, case: str) -> None:
    body, status, sentence = BROKEN_BODIES[case]

    answer = anna.send_bytes("/actions/check", body)

    assert answer.status_code == status
    assert sentence in error_of(answer)


def test_only_addresses_for_sequences_take_large_bodies(anna: Browser) -> None:
    answer = anna.send_json("/actions/", {"name": "x" * 70_000})

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("", "needs a name"), ("  \t ", "needs a name"), ("x" * 81, "81 characters"), ("bell\x07", "cannot be shown")],
)
def test_a_name_that_will_not_do_is_refused(anna: Browser, name: str, sentence: str) -> None:
    answer = anna.send_json("/actions/", {"name": name})

    assert answer.status_code == 422
    assert sentence in error_of(answer)


def test_renaming_to_another_actions_name_is_refused(anna: Browser, action_id: str) -> None:
    anna.send_json("/actions/", {"name": "Squat"})

    refused = anna.send_json(f"/actions/{action_id}/rename", {"name": "SQUAT"})
    changed = anna.send_json(f"/actions/{action_id}/rename", {"name": "arm raise"})

    assert refused.status_code == 422
    assert "another action named 'SQUAT'" in error_of(refused)
    assert changed.status_code == 200


def test_the_pages_show_what_is_there_and_what_to_do(anna: Browser, action_id: str) -> None:
    anna.send_json(f"/actions/{action_id}/takes", new_take())

    index, detail = anna.get("/actions/").text, anna.get(f"/actions/{action_id}").text

    assert "Arm raise" in index
    assert "1 take" in index
    assert f"/actions/{action_id}/takes/" in detail
    assert "1.3 s of 2.0 s" in detail


def test_forms_without_script_do_the_same(anna: Browser, action_id: str) -> None:
    anna.send_json(f"/actions/{action_id}/takes", new_take())
    take = takes_of(anna, action_id)[0]["take_id"]

    answers = [
        anna.send_form(f"/actions/{action_id}/takes/{take}/enabled", enabled="0"),
        anna.send_form(f"/actions/{action_id}/takes/{take}/trim", trim_start_s="0.1", trim_end_s="1.2"),
        anna.send_form(f"/actions/{action_id}/rename", name="Wave"),
        anna.send_form(f"/actions/{action_id}/takes/{take}/delete"),
        anna.send_form(f"/actions/{action_id}/delete"),
    ]

    assert [answer.status_code for answer in answers] == [302] * 5
    assert json.loads(anna.get_json("/actions/").text)["actions"] == []


def test_a_name_is_shown_as_text_never_as_markup(anna: Browser) -> None:
    anna.send_json("/actions/", {"name": "<script>alert(1)</script>"})

    assert "<script>alert" not in anna.get("/actions/").text


def test_all_actions_can_be_taken_along_as_a_pack(anna: Browser, action_id: str) -> None:
    anna.send_json(f"/actions/{action_id}/takes", new_take())

    answer = anna.get("/actions/pack")

    [action] = action_pack.from_bytes(answer.data)
    assert action.name == "Arm raise"
    assert action.takes[0].sequence.duration_s == pytest.approx(1.3, abs=0.05)


def test_a_pack_of_nothing_says_what_to_do(anna: Browser) -> None:
    answer = anna.get_json("/actions/pack")

    assert (answer.status_code, error_of(answer)) == (404, "there is no take to export yet; record an action first.")


def test_takes_that_come_without_end_are_held_back(anna: Browser, action_id: str) -> None:
    answers = [anna.send_json("/actions/check", {"sequence": None}).status_code for _ in range(61)]

    assert (answers[0], answers[-1]) == (422, 429)
