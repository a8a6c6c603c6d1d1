"""Poses found in the browser itself, by the real MediaPipe: recognised like any other; no picture leaves the page."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.clips import FIRST_JACK, JACKS, man_alone, write_video
from tests.browser.conftest import OpenPage
from tests.browser.driving import teach_from_file, wait_for_worker, wait_until
from tests.browser.running import RunningServer
from tests.browser.seeding import add_account
from tests.browser.test_modules import run
from tests.browser.wire import SocketLog
from webapp.core.packed_poses import unpack_poses

pytestmark = pytest.mark.browser

KEYPOINTS = 33


def find_poses(page: Page, where: str) -> None:
    page.get_by_label("Find poses").select_option(label=where)


def test_an_action_is_recognised_without_a_picture_leaving_the_browser(
    open_page: OpenPage, server: RunningServer, tmp_path: Path
) -> None:
    add_account(server, "shy")
    page = open_page("/record/", username="shy")
    wait_for_worker(page)
    find_poses(page, "in this browser")  # remembered on the next page
    log = SocketLog(page)
    teach_from_file(page, "jumping jack", str(write_video(tmp_path / "one_jack.webm", man_alone(FIRST_JACK))))

    page.goto("/live/")
    expect(page.get_by_label("Find poses")).to_have_value("device")
    film = write_video(tmp_path / "both_jacks.webm", man_alone(JACKS))
    page.locator("[data-file-input]").set_input_files(str(film))
    page.evaluate("document.querySelector('[data-stage] video').playbackRate = 0.4")  # without graphics all is slow

    expect(page.locator("[data-events] .event").first).to_contain_text("jumping jack", timeout=60_000)
    expect(page.locator("[data-on-device-badge]")).to_be_visible()
    assert not log.jpegs
    assert not log.drops
    assert log.most_unanswered <= 2
    assert max(len(packed) for _, packed in log.packets) < 20_000
    times = [time for header, _ in log.packets for time in header["times_s"]]
    assert all(later > earlier for earlier, later in itertools.pairwise(times))
    header, packed = max(log.packets, key=lambda packet: len(packet[0]["times_s"]))
    poses = unpack_poses(packed, len(header["times_s"]), KEYPOINTS, world=header["world"])
    assert np.isfinite(poses.keypoints).all()
    assert poses.scores[:, 11:13].min() > 0.5


def test_missing_files_stop_the_camera_and_the_server_is_asked_only_after_a_click(open_page: OpenPage) -> None:
    page = open_page(expected_errors="404|Failed to load")
    log = SocketLog(page)
    page.route("**/vendor/mediapipe-pose/*.tflite*", lambda route: route.fulfill(status=404))
    wait_for_worker(page)
    page.reload()
    wait_until(page, lambda: len(log.sent) > 3, "pictures for the server")

    find_poses(page, "in this browser")
    page.wait_for_timeout(100)  # what was on its way
    sent = len(log.sent)

    message = page.locator("[data-stage-message]")
    expect(message).to_contain_text("Poses cannot be found in this browser")
    expect(message).to_contain_text("not all on this server (pose_landmark_full.tflite)")
    expect(page.get_by_label("Find poses")).to_have_value("server")
    expect(page.locator("[data-stage]")).to_have_attribute("data-source", "none")
    page.wait_for_timeout(500)
    assert len(log.sent) == sent
    message.get_by_role("button", name="Go on with the server").click()
    wait_until(page, lambda: len(log.sent) > sent, "pictures for the server")


@pytest.mark.parametrize("videos", [1, 2])
def test_missing_files_end_the_reading_of_videos_instead_of_sending_their_pictures(
    open_page: OpenPage, tmp_path: Path, videos: int
) -> None:
    page = open_page("/record/", expected_errors="404|Failed to load")
    asked: list[Route] = []
    page.route("**/vendor/mediapipe-pose/*.tflite*", lambda route: asked.append(route))  # noqa: PLW0108  Playwright reads its signature
    log = SocketLog(page)
    page.reload()
    wait_for_worker(page)
    find_poses(page, "in this browser")
    films = [str(write_video(tmp_path / f"{number}.webm", man_alone(FIRST_JACK))) for number in range(videos)]
    page.locator("[data-file-input]").set_input_files(films)
    if videos == 1:
        page.locator("[data-use-piece]").click()
    expect(page.locator("[data-reading-note]")).to_contain_text("Waiting until poses can be found")
    log.jpegs.clear()  # the camera's, before

    wait_until(page, lambda: bool(asked), "the page asks for the model")
    asked[0].fulfill(status=404)

    expect(page.locator("[data-stage-message]")).to_contain_text("Poses cannot be found in this browser")
    expect(page.locator("[data-start]")).to_be_visible()  # not reading any more
    page.wait_for_timeout(1000)
    expect(page.locator("[data-stage-message]")).to_contain_text("Poses cannot be found in this browser")
    assert not log.jpegs
    assert not page.locator(".take").count()


def test_stopping_a_video_that_is_read_ends_the_reading(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("/record/")
    wait_for_worker(page)
    page.locator("[data-file-input]").set_input_files(str(write_video(tmp_path / "a.webm", man_alone(JACKS))))
    page.locator("[data-use-piece]").click()

    page.locator("[data-do=stop]").click()

    expect(page.locator("[data-start]")).to_be_visible()
    assert not page.locator(".take").count()


NO_GRAPHICS = "HTMLCanvasElement.prototype.getContext = () => null;"


def test_a_browser_without_graphics_is_told_so(open_page: OpenPage) -> None:
    page = open_page("/record/", before=lambda page: page.add_init_script(f"if (parent !== self) {{ {NO_GRAPHICS} }}"))

    find_poses(page, "in this browser")

    expect(page.locator("[data-stage-message]")).to_contain_text("no access to the graphics (WebGL 2)")


POSES = 20


def test_the_server_unpacks_what_the_browser_packs(open_page: OpenPage) -> None:
    page = open_page("/login", username=None)
    rng = np.random.default_rng(3)
    steps = rng.normal(scale=0.02, size=(POSES, KEYPOINTS, 2))
    keypoints = (0.5 + np.cumsum(steps, axis=0)).astype(np.float32)
    keypoints[7, 4] = keypoints[0, 0] = np.nan
    keypoints[8, 9] = (-3.9, 3.9)  # the difference to the one before does not fit into 16 bits
    scores = rng.uniform(size=(POSES, KEYPOINTS)).astype(np.float32)
    world_m = rng.normal(size=(POSES, KEYPOINTS, 3)).astype(np.float32)
    hidden = np.isnan(keypoints[..., 0])
    people = [
        {
            "keypoints": [
                [None, None, 0] if hidden[n, k] else [*(360.0 * keypoints[n, k]).tolist(), float(scores[n, k])]
                for k in range(KEYPOINTS)
            ],
            "world_m": world_m[n].tolist(),
        }
        for n in range(POSES)
    ]
    body = "return [...new Uint8Array(await m.packPoses(a, 360))];"

    unpacked = unpack_poses(bytes(run(page, "packed_poses.js", body, people)), POSES, KEYPOINTS, world=True)

    assert (np.isnan(unpacked.keypoints[..., 0]) == hidden).all()
    # half of what everything sent is a multiple of
    np.testing.assert_allclose(unpacked.keypoints, keypoints, atol=4.01 / 8192)
    np.testing.assert_allclose(unpacked.scores, np.where(hidden, 0, scores), atol=8.51 / 255)
    np.testing.assert_allclose(unpacked.world_m[~hidden], world_m[~hidden], atol=4.01e-3)  # type: ignore[index]


def test_nobody_is_packed_into_no_bytes(open_page: OpenPage) -> None:
    page = open_page("/login", username=None)

    assert run(page, "packed_poses.js", "return (await m.packPoses([], 360)).byteLength;") == 0


WAITING = """
const canvas = Object.assign(document.createElement('canvas'), {width: 64, height: 36});
const context = canvas.getContext('2d');
const drawing = setInterval(() => {
  context.fillStyle = `hsl(${performance.now() % 360} 50% 50%)`;
  context.fillRect(0, 0, 64, 36);
}, 20);
const video = Object.assign(document.createElement('video'), {muted: true, srcObject: canvas.captureStream()});
await video.play();
const person = {keypoints: Array(33).fill([1, 1, 1]), world_m: Array(33).fill([0, 0, 0]), ms: 1};
const connection = Object.assign(new EventTarget(), {
  ready: false,
  sent: [],
  reserve: (timeS, entry) => ((connection.entry = entry), connection.sent.length + 1),
  sendPoses: (id, header) => connection.sent.push(header.times_s),
});
const feed = new m.PoseFeed(video, connection, '', {sends: true});
feed.finder = {ready: true, find: async () => person};
let seen = 0;
feed.addEventListener('seen', () => (seen += 1));
const until = async (true_) => { while (!true_()) await new Promise((resolve) => setTimeout(resolve, 10)); };
feed.start(() => performance.now() / 1000);
await until(() => seen >= 8);
connection.ready = true;
connection.dispatchEvent(new Event('credit'));
await until(() => connection.sent.length === 1);
connection.entry.onAnswer({reason: 'worker restarted'});
await until(() => connection.sent.length === 2);
feed.stop();
clearInterval(drawing);
return connection.sent;
"""


def test_poses_wait_for_a_worker_and_go_again_when_it_was_lost(open_page: OpenPage) -> None:
    page = open_page("/login", username=None)

    waited, again = run(page, "on_device_feed.js", WAITING)

    assert len(waited) >= 8
    assert again[: len(waited)] == waited
    assert again == sorted(again)
