"""Filling a dataset in the browser: guided shots that take themselves, files that arrive whole whatever happens."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
from PIL import Image as Picture
from playwright.sync_api import Browser, Page, Playwright, Route, expect

from tests.browser.chromium import QUIET, WEBGL
from tests.browser.clips import SIZE_PX, Image, man_alone, two_people, write_video
from tests.browser.conftest import FAKE_CAMERA, OpenPage, _launched
from tests.browser.driving import SOON_MS, wait_for_worker, wait_until
from tests.browser.man_boxes import man_boxes
from tests.browser.running import RunningServer
from tests.browser.seeding import dataset
from tests.browser.test_pages import Look, needs_axe
from webapp.core.skeleton import COCO_17, HAND_21, UPPER_BODY_6, Skeleton

pytestmark = pytest.mark.browser
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


def browser_that_sees(playwright: Playwright, chromium_path: str, camera: Path) -> Iterator[Browser]:
    flags = (
        *QUIET,
        *WEBGL,
        *FAKE_CAMERA,
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    )
    yield from _launched(playwright, chromium_path, flags)


def posing() -> list[Image]:
    """The man, holding one pose after the other."""
    return list(itertools.chain.from_iterable(man_alone(range(frame, frame + 1)) for frame in POSES))


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


_numbers = itertools.count(1)


@pytest.fixture
def dataset_url(server: RunningServer) -> str:
    return f"/datasets/{dataset(server, 'reader', 0, name=f'Collected {next(_numbers)}', people=()).dataset_id}"


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


def samples_of(page: Page, dataset_url: str) -> list[dict[str, Any]]:
    """What the dataset holds in the end."""
    answer = page.request.get(f"{dataset_url}/samples?limit=200", headers={"Accept": "application/json"})
    assert answer.ok, answer.text()
    samples: list[dict[str, Any]] = answer.json()["samples"]
    return samples


def expect_job(page: Page, text: str) -> None:
    expect(page.locator("[data-job]")).to_contain_text(text, timeout=JOB_MS)


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


@pytest.mark.parametrize(
    ("skeleton", "change", "text"),
    [
        (COCO_17, {}, "Hold it"),
        (COCO_17, {"left_ankle": [345, 372]}, "Step back: your feet are cut off."),
        (COCO_17, {"left_ankle": [345, 350, 0.1], "right_ankle": [295, 350, 0.2]}, "Step back: your feet are cut off."),
        (COCO_17, {"right_ankle": [295, 340, 0.1]}, "Hold it"),
        (COCO_17, {"left_wrist": [652, 190]}, "Your arms or hands are cut off: leave room at both sides."),
        (COCO_17, {"nose": [320, -12]}, "Your head is cut off or hidden: step back, or tilt the camera up."),
        (UPPER_BODY_6, {"left_ankle": [345, 372], "nose": [320, -12]}, "Hold it"),
        (HAND_21, {}, "The models in use find none of this dataset's keypoints"),
    ],
)
def test_whole_is_whoever_shows_the_keypoints_of_the_dataset(
    open_page: OpenPage, skeleton: Skeleton, change: dict[str, list[float]], text: str
) -> None:
    page = open_page("/login", username=None)
    keypoints = [name for name in skeleton.keypoints if name != "wrist"]  # which a hand has too

    said = page.evaluate(GATE, [keypoints, list(COCO_17.keypoints), change])

    assert said.startswith(text)


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


def write_pictures(folder: Path, *names: str) -> Path:
    """Pictures of the man, one frame of the clip after the other."""
    for name, image in zip(names, man_alone(range(0, 4 * len(names))), strict=False):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
    return folder


def hand_in(page: Page, session: str = "Handed in") -> None:
    page.locator("#session").fill(session)
    page.locator("#label-with").select_option("")
    page.locator("#rights").check()
    page.locator("[data-send]").click()


@pytest.fixture
def upload_page(open_page: OpenPage, browser_without_camera: Browser, dataset_url: str) -> Page:
    return open_page(
        f"{dataset_url}/import", using=browser_without_camera, expected_errors="ERR_|Failed to load|status of 503"
    )


def test_a_folder_with_a_bad_file_comes_in_and_the_report_names_the_bad_one(
    upload_page: Page, dataset_url: str, tmp_path: Path
) -> None:
    page = upload_page
    folder = write_pictures(tmp_path / "walk", "anna/1.jpg", "anna/2.jpg", "ben/1.png")
    (folder / "ben" / "broken.jpg").write_bytes((folder / "anna" / "1.jpg").read_bytes()[:500])
    (folder / "notes.docx").write_bytes(b"no picture")
    (folder / ".DS_Store").write_bytes(b"nothing")

    page.locator("[data-folder-input]").set_input_files(str(folder))
    expect(page.locator("[data-summary]")).to_contain_text("4 pictures")
    expect(page.locator("[data-left-out] summary")).to_have_text("1 file is left out")
    page.locator("#people-folders").check()
    expect(page.locator("[data-folders]")).to_have_text("anna (2), ben (2)")
    hand_in(page)

    expect_job(page, "3 samples")
    with page.expect_download() as download:
        page.locator("[data-job] a[href$='report.csv']").first.click()
    report = Path(download.value.path()).read_text(encoding="utf-8")
    assert "ben/broken.jpg" in report
    assert "refused,notes.docx,not sent: it is of no kind that is taken" in report
    people = sorted(sample["person"]["name"] for sample in samples_of(page, dataset_url))
    assert people == ["anna", "anna", "ben"]
    page.goto(f"{dataset_url}/jobs")
    page.get_by_role("link", name="Import", exact=True).first.click()
    expect(page.get_by_text("What was asked for")).to_be_visible()
    expect(page.get_by_text("Where the pose changes by")).to_have_count(0)


def test_an_upload_goes_on_where_the_connection_was_lost(
    upload_page: Page, server: RunningServer, dataset_url: str, tmp_path: Path
) -> None:
    page = upload_page
    lost: list[str] = []

    def now_and_then(route: Route) -> None:
        if route.request.method == "PUT" and len(lost) < 4:
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.route("**/files/**", now_and_then)
    folder = write_pictures(tmp_path, *(f"{number}.jpg" for number in range(6)))
    page.locator("[data-files-input]").set_input_files([str(path) for path in sorted(folder.glob("*.jpg"))])
    hand_in(page)

    expect_job(page, "samples")
    assert len(lost) == 4
    assert len(samples_of(page, dataset_url)) >= 5


def test_an_upload_goes_on_after_a_reload_with_what_is_there_already(
    upload_page: Page, dataset_url: str, tmp_path: Path
) -> None:
    page = upload_page
    noise = tmp_path / "noise.png"
    Picture.effect_noise((3000, 3000), 90).save(noise)  # 9 MB: several pieces
    write_pictures(tmp_path, "man.jpg")
    files = [str(noise), str(tmp_path / "man.jpg")]
    pieces: list[str] = []

    def first_piece_only(route: Route) -> None:
        if "noise.png" in route.request.url and "offset=0" not in route.request.url:
            route.abort()
        else:
            route.continue_()

    page.route("**/files/**", first_piece_only)
    page.locator("[data-files-input]").set_input_files(files)
    hand_in(page, "Interrupted")
    expect(page.locator("[data-waiting]")).to_contain_text("tried again by itself", timeout=SOON_MS)
    page.unroute("**/files/**")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()

    page.on("request", lambda request: pieces.append(request.url) if request.method == "PUT" else None)
    expect(page.locator("[data-draft]")).to_contain_text("Not finished: Interrupted")
    expect(page.locator("[data-draft]")).to_contain_text("1 file is wholly here, 1 in part;")
    page.locator("[data-go-on]").click()
    page.locator("[data-files-input]").set_input_files(files)
    page.locator("[data-send]").click()

    expect_job(page, "1 picture with 1 sample came in")
    assert pieces
    assert all("noise.png" in url and "offset=0" not in url for url in pieces)


def test_a_video_gives_pictures_where_the_pose_changes(upload_page: Page, dataset_url: str, tmp_path: Path) -> None:
    page = upload_page
    video = write_video(tmp_path / "poses.webm", itertools.chain.from_iterable([image] * 15 for image in posing()))
    page.locator("[data-files-input]").set_input_files(str(video))
    expect(page.get_by_label("a picture whenever the pose has changed")).to_be_checked()

    hand_in(page)

    expect_job(page, "samples")
    samples = samples_of(page, dataset_url)
    assert 2 <= len(samples) <= 6
    assert {sample["source"] for sample in samples} == {"video"}


def test_an_upload_is_paused_and_discarded(upload_page: Page, dataset_url: str, tmp_path: Path) -> None:
    page = upload_page
    page.route("**/files/**", lambda route: route.abort())
    write_pictures(tmp_path, "man.jpg")
    page.locator("[data-files-input]").set_input_files(str(tmp_path / "man.jpg"))
    hand_in(page)
    expect(page.locator("[data-waiting]")).to_be_visible()
    page.locator("[data-pause]").click()
    expect(page.locator("[data-pause]")).to_have_attribute("aria-pressed", "true")

    page.locator("[data-call-off]").click()

    expect(page.locator("[data-upload-form]")).to_be_visible()
    expect(page.locator("[data-draft]")).to_have_count(0)


def test_a_dropped_folder_is_walked_through(upload_page: Page) -> None:
    names = upload_page.evaluate(
        """async () => {
          const { droppedFiles, withoutFrame } = await import('/static/js/upload_files.js');
          const file = (name) => ({ name, isFile: true, file: (take) => take(new File(['x'], name)) });
          const folder = (name, ...parts) => {
            const readEntries = (take) => take(parts.shift() ?? []);
            return { name, isFile: false, createReader: () => ({ readEntries }) };
          };
          const inner = folder('b', [file('c.jpg')], [file('d.jpg')]);
          const dropped = folder('set', [file('a.jpg'), inner], [file('e.jpg')]);
          const items = [{ webkitGetAsEntry: () => dropped }];
          return withoutFrame(await droppedFiles({ items, files: [] })).map(({ name }) => name);
        }"""
    )

    assert names == ["a.jpg", "b/c.jpg", "b/d.jpg", "e.jpg"]


def test_the_server_may_be_restarted_in_the_middle_of_an_upload(
    upload_page: Page, server: RunningServer, dataset_url: str, tmp_path: Path
) -> None:
    page = upload_page
    folder = write_pictures(tmp_path, *(f"{number}.png" for number in range(5)))
    page.route("**/4.png?**", lambda route: route.abort())
    page.locator("[data-files-input]").set_input_files([str(path) for path in sorted(folder.glob("*.png"))])
    hand_in(page)
    wait_until(page, lambda: "4 of 5 files" in page.locator("[data-sent]").inner_text(), "four files")

    server.restart()
    page.unroute("**/4.png?**")

    expect_job(page, "samples")
    assert len(samples_of(page, dataset_url)) >= 4


@needs_axe
def test_the_pages_are_accessible_and_fit_in_every_state(
    open_page: OpenPage, browser_with_posing_man: Browser, dataset_url: str, tmp_path: Path
) -> None:
    page = open_page(
        f"{dataset_url}/collect", using=browser_with_posing_man, expected_errors="ERR_|Failed to load|status of 40"
    )
    look = Look(page)
    look.at("collecting-before")
    begin(page, person="Looked at", pictures=2)
    expect(page.locator("[data-finish]")).to_be_enabled(timeout=60_000)
    look.at("collecting-shots")
    page.goto(f"{dataset_url}/collect")
    look.at("collecting-unfinished")

    page.goto(f"{dataset_url}/import")
    write_pictures(tmp_path, "man.jpg")
    (tmp_path / "film.mp4").write_bytes(b"no film")
    (tmp_path / "notes.docx").write_bytes(b"no picture")
    page.locator("[data-folder-input]").set_input_files(str(tmp_path))
    page.locator("#people-given").check()
    for summary in page.locator("[data-upload] summary").all():
        summary.click()
    look.at("uploading-wishes")
    page.locator("#people-format").check()
    page.route("**/files/**", lambda route: route.abort())
    hand_in(page)
    expect(page.locator("[data-waiting]")).to_be_visible()
    look.at("uploading")

    assert not look.problems, "\n".join(look.problems)
