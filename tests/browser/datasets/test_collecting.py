"""Filling a dataset with the webcam: guided shots that take themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser.chromium import QUIET, WEBGL
from tests.browser.clips import SIZE_PX, man_alone, two_people
from tests.browser.conftest import FAKE_CAMERA, OpenPage, _launched
from tests.browser.datasets.filling import POSES, camera, expect_job, posing, samples_of
from tests.browser.driving import wait_for_worker
from tests.browser.man_boxes import man_boxes
from tests.browser.test_pages import Look, needs_axe
from webapp.core.skeleton import COCO_17, HAND_21, UPPER_BODY_6, Skeleton

pytestmark = pytest.mark.browser


def browser_that_sees(playwright: Playwright, chromium_path: str, camera: Path) -> Iterator[Browser]:
    flags = (
        *QUIET,
        *WEBGL,
        *FAKE_CAMERA,
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    )
    yield from _launched(playwright, chromium_path, flags)


@pytest.fixture(scope="module")
def browser_with_posing_man(
    playwright: Playwright, chromium_path: str, demo_clip: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    path = camera(tmp_path_factory.mktemp("camera") / "posing.mjpeg", posing())
    yield from browser_that_sees(playwright, chromium_path, path)


@pytest.fixture(scope="module")
def browser_with_still_man(
    playwright: Playwright, chromium_path: str, demo_clip: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    path = camera(tmp_path_factory.mktemp("camera") / "still.mjpeg", man_alone(range(1)))
    yield from browser_that_sees(playwright, chromium_path, path)


@pytest.fixture(scope="module")
def browser_with_two_people(
    playwright: Playwright, chromium_path: str, demo_clip: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    path = camera(tmp_path_factory.mktemp("camera") / "two.mjpeg", two_people(range(1)))
    yield from browser_that_sees(playwright, chromium_path, path)


def begin(page: Page, *, person: str, pictures: int = 3, distances: tuple[str, ...] = ("near",)) -> None:
    """Fill in the form of the webcam page for one side, and start."""
    wait_for_worker(page)
    page.locator("[data-person-choice]").select_option("")
    page.locator("[data-person-name]").fill(person)
    page.locator("#agreed").check()
    for name in {"near", "middle", "far"} - set(distances):
        page.locator(f"label[for=distance-{name}]").click()
    for side in ("left", "right", "back"):
        page.locator(f"label[for=side-{side}]").click()
    page.locator("#per-station").fill(str(pictures))
    page.locator("#countdown-seconds").fill("1")
    page.locator("#label-with").select_option("")
    page.locator("[data-start]").click()


def test_shots_take_themselves_and_become_samples_of_the_person(
    open_page: OpenPage, browser_with_posing_man: Browser, dataset_url: str
) -> None:
    page = open_page(f"{dataset_url}/collect", using=browser_with_posing_man)
    begin(page, person="Guided")
    expect(page.locator(".shot[data-kept]")).to_have_count(3, timeout=60_000)
    expect(page.locator("[data-reason]")).to_contain_text("All places are done")
    expect(page.locator("[data-stage]")).to_have_attribute("data-source", "none")

    page.locator("[data-finish]").click()

    expect_job(page, "3 samples")
    samples = samples_of(page, dataset_url)
    assert [sample["person"]["name"] for sample in samples] == ["Guided"] * 3
    assert {(sample["source"], sample["width_px"], sample["height_px"]) for sample in samples} == {("webcam", *SIZE_PX)}
    for sample in samples:
        assert any(overlap(sample["box_px"], man_boxes()[frame]) > 0.6 for frame in POSES), sample["box_px"]


def overlap(one: list[float], other: tuple[float, float, float, float]) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0, width) * max(0, height)
    area = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (area - shared)


def test_nobody_is_shot_while_two_people_are_in_view(
    open_page: OpenPage, browser_with_two_people: Browser, dataset_url: str
) -> None:
    page = open_page(f"{dataset_url}/collect", using=browser_with_two_people)
    begin(page, person="Nobody alone")

    expect(page.locator("[data-reason]")).to_contain_text("Two people are in view", timeout=60_000)
    page.wait_for_timeout(3000)

    expect(page.locator(".shot")).to_have_count(0)
    expect(page.locator("[data-finish]")).to_be_disabled()


def test_a_pose_that_is_held_is_shot_once_and_says_to_move(
    open_page: OpenPage, browser_with_still_man: Browser, dataset_url: str
) -> None:
    page = open_page(f"{dataset_url}/collect", using=browser_with_still_man)
    begin(page, person="Still")
    expect(page.locator(".shot")).to_have_count(1, timeout=60_000)

    expect(page.locator("[data-reason]")).to_contain_text("too much like one of the last shots", timeout=30_000)
    page.wait_for_timeout(2000)
    expect(page.locator(".shot")).to_have_count(1)


def test_somebody_at_the_wrong_distance_is_told_where_to_go_and_may_leave_the_place_out(
    open_page: OpenPage, browser_with_posing_man: Browser, dataset_url: str
) -> None:
    page = open_page(f"{dataset_url}/collect", using=browser_with_posing_man)
    begin(page, person="Too near", distances=("near", "far"), pictures=1)
    expect(page.locator(".shot")).to_have_count(1, timeout=60_000)
    expect(page.locator("[data-place-text]")).to_contain_text("2 of 2: Stand far from the camera")
    expect(page.locator("[data-reason]")).to_contain_text("Go further away", timeout=30_000)

    page.locator("[data-skip]").click()

    expect(page.locator("[data-reason]")).to_contain_text("All places are done")


GATE = """([keypoints, skeleton, change]) => import('/static/js/collect_gate.js').then(({ ShotGate }) => {
  const gate = new ShotGate(keypoints);
  const at = { nose: [320, 40], left_shoulder: [360, 90], right_shoulder: [280, 90], left_elbow: [380, 140],
               right_elbow: [260, 140], left_wrist: [390, 190], right_wrist: [250, 190], left_hip: [345, 200],
               right_hip: [295, 200], left_knee: [345, 270], right_knee: [295, 270], left_ankle: [345, 340],
               right_ankle: [295, 340], ...change };
  const seen = skeleton.map((name) => (at[name] ? [...at[name], at[name][2] ?? 0.9] : [320, 60, 0.9]));
  const person = { box_px: [240, 20, 400, 355], keypoints: seen };
  const frame = (time_s) => ({ time_s, width_px: 640, height_px: 360, people: [person] });
  const look = (time_s) => gate.look(frame(time_s), { keypoints: skeleton }, { distance: 'near', side: 'front' }).text;
  return [look(1), look(1.1)].at(-1);
})"""


GATE_SAYS: list[tuple[Skeleton, dict[str, list[float]], str]] = [
    (COCO_17, {}, "Hold it"),
    (COCO_17, {"left_ankle": [345, 372]}, "Step back: your feet are cut off."),
    (COCO_17, {"left_ankle": [345, 350, 0.1], "right_ankle": [295, 350, 0.2]}, "Step back: your feet are cut off."),
    (COCO_17, {"right_ankle": [295, 340, 0.1]}, "Hold it"),
    (COCO_17, {"left_wrist": [652, 190]}, "Your arms or hands are cut off: leave room at both sides."),
    (COCO_17, {"nose": [320, -12]}, "Your head is cut off or hidden: step back, or tilt the camera up."),
    (UPPER_BODY_6, {"left_ankle": [345, 372], "nose": [320, -12]}, "Hold it"),
    (HAND_21, {}, "The models in use find none of this dataset's keypoints"),
]


def test_whole_is_whoever_shows_the_keypoints_of_the_dataset(open_page: OpenPage) -> None:
    page = open_page("/login", username=None)

    for skeleton, change, text in GATE_SAYS:
        keypoints = [name for name in skeleton.keypoints if name != "wrist"]  # which a hand has too
        said = page.evaluate(GATE, [keypoints, list(COCO_17.keypoints), change])
        assert said.startswith(text), (skeleton.name, change)


def test_nothing_is_shot_without_consent(
    open_page: OpenPage, browser_with_posing_man: Browser, dataset_url: str
) -> None:
    page = open_page(f"{dataset_url}/collect", using=browser_with_posing_man)
    wait_for_worker(page)
    page.locator("[data-person-choice]").select_option("")
    page.locator("[data-person-name]").fill("Unasked")

    page.locator("[data-start]").click()

    expect(page.get_by_text("Nothing is taken in without that.").first).to_be_visible()
    expect(page.locator("#agreed")).to_be_focused()
    expect(page.locator("[data-stage]")).to_have_attribute("data-source", "none")


def test_escape_pauses_the_camera_goes_off_at_once_and_shots_can_be_deleted(
    open_page: OpenPage, browser_with_posing_man: Browser, dataset_url: str
) -> None:
    page = open_page(
        f"{dataset_url}/collect", using=browser_with_posing_man, viewport={"width": 390, "height": 844}, has_touch=True
    )
    begin(page, person="Paused", pictures=50)
    expect(page.locator(".shot[data-kept]").nth(1)).to_be_attached(timeout=60_000)

    page.keyboard.press("Escape")
    expect(page.locator("[data-reason]")).to_contain_text("Paused.")
    count = page.locator(".shot").count()
    page.wait_for_timeout(2500)
    expect(page.locator(".shot")).to_have_count(count)

    page.locator("[data-stage] [data-do=stop]").last.click()
    expect(page.locator("[data-reason]")).to_contain_text("The camera is off.")
    assert page.evaluate("document.querySelector('[data-stage] video').srcObject") is None
    page.locator(".shot-delete").first.click()
    expect(page.locator(".shot")).to_have_count(count - 1)
    page.locator("[data-finish]").click()

    expect_job(page, f"with {count - 1} sample{'s' if count > 2 else ''} came in")
    assert len(samples_of(page, dataset_url)) == count - 1


def test_no_shot_is_lost_while_the_server_is_away(
    open_page: OpenPage, browser_with_posing_man: Browser, dataset_url: str
) -> None:
    page = open_page(
        f"{dataset_url}/collect", using=browser_with_posing_man, expected_errors="ERR_FAILED|Failed to load"
    )
    page.route("**/files/**", lambda route: route.abort())
    begin(page, person="Offline", pictures=2)
    expect(page.locator(".shot")).to_have_count(2, timeout=60_000)
    expect(page.locator("[data-waiting]").first).to_contain_text("sent as soon as it works")
    expect(page.locator(".shot[data-kept]")).to_have_count(0)

    page.unroute("**/files/**")
    page.locator("[data-finish]").click()

    expect_job(page, "2 samples")


@needs_axe
def test_the_page_is_accessible_and_fits_in_every_state(
    open_page: OpenPage, browser_with_posing_man: Browser, dataset_url: str
) -> None:
    page = open_page(f"{dataset_url}/collect", using=browser_with_posing_man)
    look = Look(page)
    look.at("collecting-before")
    begin(page, person="Looked at", pictures=2)
    expect(page.locator("[data-finish]")).to_be_enabled(timeout=60_000)
    look.at("collecting-shots")
    page.goto(f"{dataset_url}/collect")
    look.at("collecting-unfinished")

    assert not look.problems, "\n".join(look.problems)
