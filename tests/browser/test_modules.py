"""The browser side's logic, run in the browser: credits, clocks, tracks, geometry, skeletons."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from webapp.core.skeleton import SKELETONS

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page("/login", username=None)


def run(page: Page, module: str, body: str, argument: object = None) -> Any:
    """The value of a function body that sees the module as m and the argument as a."""
    script = f"async (a) => {{ const m = await import('/static/js/{module}'); {body} }}"
    return page.evaluate(script, argument)


def test_a_third_frame_gets_no_credit_until_one_is_answered(page: Page) -> None:
    body = """const l = new m.CreditLedger(2); const ids = [l.take(), l.take(), l.take()];
              l.settle(1); return [...ids, l.take()];"""

    assert run(page, "frames.js", body) == [1, 2, None, 3]


def test_a_picture_that_waits_for_a_worker_is_not_sent_once_pictures_are_to_stay_here(page: Page) -> None:
    body = """const connection = new EventTarget();
              Object.assign(connection, { ready: false, asked: 0, ask: () => (connection.asked += 1) && {} });
              const feed = new m.FrameFeed(document.createElement("video"), connection);
              const { signal } = new AbortController();
              const look = () => feed.lookAt(new Uint8Array(1), 0, signal).catch((error) => error.message);
              const waiting = look(); feed.stop(); connection.ready = true;
              const told = await waiting; await look();
              return [told, connection.asked];"""

    assert run(page, "frames.js", body) == ["pictures are no longer looked at on the server", 1]


def test_an_answer_without_an_id_frees_the_oldest_frame(page: Page) -> None:
    body = "const l = new m.CreditLedger(2); l.take('old'); l.take('new'); return [l.settle(null), l.free];"

    assert run(page, "frames.js", body) == ["old", 1]


def test_an_answer_that_comes_twice_frees_one_credit(page: Page) -> None:
    body = "const l = new m.CreditLedger(2); l.take('a'); l.take('b'); l.settle(1); l.settle(1); return l.free;"

    assert run(page, "frames.js", body) == 1


def test_a_new_connection_brings_lost_credits_back_and_ids_go_on_rising(page: Page) -> None:
    body = """const l = new m.CreditLedger(2); l.take('a'); l.take('b');
              const lost = l.reset(); return [lost, l.free, l.take()];"""

    assert run(page, "frames.js", body) == [["a", "b"], 2, 3]


def test_a_portrait_picture_is_centred_in_a_wide_box(page: Page) -> None:
    body = "return m.containedPicture({width: 1600, height: 900}, {width: 450, height: 900});"

    assert run(page, "overlay.js", body) == {"left": 575, "top": 0, "scale": 1}


def test_a_looping_file_never_turns_the_clock_back(page: Page) -> None:
    body = "const t = new m.SessionClock(() => 0).media(); return a.map(t);"

    times = run(page, "clocks.js", body, [0.0, 0.5, 1.0, 0.0, 0.5, 0.2])

    assert all(later > earlier for earlier, later in itertools.pairwise(times))
    assert times[4] - times[3] == pytest.approx(0.5)


def test_time_rises_from_a_file_to_the_camera(page: Page) -> None:
    body = """const c = new m.SessionClock(() => 3); const file = c.media();
              const before = [0, 1, 2, 3, 4, 5].map(file).at(-1);
              return [before, c.live()()];"""

    before, after = run(page, "clocks.js", body)

    assert after > before


FRAMES = [
    {
        "time_s": 100 + t,
        "width_px": 640,
        "height_px": 200,
        "people": [
            {
                "person_id": 7,
                "box_px": [0, 0, 100, 200],
                "keypoints": [[50 + t, 100, 0.9], [None, None, 0]],
                "world_m": None,
            }
        ],
    }
    for t in range(9)
]

REMEMBERED = "const b = new m.TrackBuffer(5, {skeleton: {name: 'blazepose_33'}}); for (const f of a) b.push(f);"


def test_the_ring_buffer_remembers_five_seconds(page: Page) -> None:
    body = "const b = new m.TrackBuffer(5); for (const f of a) b.push(f); return [b.frames.length, b.durationS];"

    assert run(page, "tracks.js", body, FRAMES) == [6, 5]


def test_a_sequence_starts_at_zero_in_units_of_the_pictures_height(page: Page) -> None:
    body = f"{REMEMBERED} return b.sequence(7);"

    sequence = run(page, "tracks.js", body, FRAMES)

    assert sequence["times_s"] == [0, 1, 2, 3, 4, 5]
    assert sequence["keypoints"][0] == [[0.265, 0.5], [None, None]]
    assert sequence["scores"][0] == [0.9, 0]
    assert sequence["world_m"] is None


def test_somebody_who_was_not_there_has_no_sequence(page: Page) -> None:
    body = f"{REMEMBERED} return b.sequence(8);"

    assert run(page, "tracks.js", body, FRAMES) is None


def test_a_still_body_has_no_motion_energy(page: Page) -> None:
    sequence = {"times_s": [0, 0.1, 0.2], "keypoints": [[[0.5, 0.2], [0.5, 0.8]]] * 3, "scores": [[1, 1]] * 3}
    body = "return m.motionEnergy(a, ['left_wrist', 'left_ankle']);"

    assert run(page, "motion.js", body, sequence) == [0, 0, 0]


def test_the_browser_knows_the_skeletons_of_the_server(page: Page) -> None:
    expected = {
        name: {"name": name, "keypoints": list(s.keypoints), "edges": [list(edge) for edge in s.edge_indices]}
        for name, s in SKELETONS.items()
    }

    assert run(page, "skeletons.js", "return m.SKELETONS;") == expected


def test_times_are_shown_as_the_persons_own_clock_has_them(open_page: OpenPage) -> None:
    page = open_page("/login", username=None, timezone_id="Asia/Tokyo", locale="en-GB")
    body = """const box = document.createElement('p'); const time = document.createElement('time');
              time.dateTime = a; time.dataset.local = 'second'; time.textContent = 'UTC'; box.append(time);
              m.showLocalTimes(box); return [time.textContent, time.title];"""

    shown = run(page, "local_times.js", body, "2026-01-31T20:15:03+00:00")

    assert shown == ["1 Feb 2026, 05:15:03", "2026-01-31 20:15:03 UTC"]


@pytest.mark.parametrize(("newer", "told"), [(1, "1 label came or was changed"), (2, "2 labels came or were changed")])
def test_labels_newer_than_what_was_worked_out_are_counted(page: Page, newer: int, told: str) -> None:
    words = run(page, "grid_curate.js", "return m.wordsFor(10 + a, 10);", newer)

    assert words.startswith(f"{told} since it was done last. ")


def test_names_from_outside_never_become_markup(page: Page) -> None:
    body = """const list = document.createElement('ol'); const note = document.createElement('p');
              const entry = {action_id: '1', action: a, distance: 0.1, threshold: 0.2, reason: a, progress: 0};
              new m.Ranking(list, note).show([entry]);
              return [list.querySelectorAll('img').length, list.querySelector('.rank-name').textContent];"""

    assert run(page, "ranking.js", body, "<img src=x>") == [0, "<img src=x>"]


@pytest.mark.parametrize(
    ("reason", "close"), [(None, "true"), ("not finished", "true"), ("course differs", "false"), ("too still", "false")]
)
def test_an_action_that_is_near_but_refused_is_not_shown_as_close(page: Page, reason: str | None, close: str) -> None:
    body = """const list = document.createElement('ul'); const r = new m.Ranking(list, document.createElement('p'));
              r.show([{action_id: 'x', action: 'wave', distance: 0.5, threshold: 1.2, reason: a, progress: 1}]);
              return list.firstElementChild.dataset.close;"""

    assert run(page, "ranking.js", body, reason) == close
