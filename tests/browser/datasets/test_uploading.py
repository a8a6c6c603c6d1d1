"""Filling a dataset with files, which arrive whole whatever happens."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import pytest
from PIL import Image as Picture
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.clips import man_alone, write_video
from tests.browser.conftest import OpenPage
from tests.browser.datasets.filling import expect_job, posing, samples_of
from tests.browser.driving import SOON_MS, wait_until
from tests.browser.running import RunningServer
from tests.browser.test_pages import Look, needs_axe

pytestmark = pytest.mark.browser


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


def interrupted(page: Page, tmp_path: Path) -> list[str]:
    """Hand in two files, of which one gets through in part alone, and load the page again."""
    noise = tmp_path / "noise.png"
    Picture.effect_noise((3000, 3000), 90).save(noise)  # 9 MB: several pieces
    write_pictures(tmp_path, "man.jpg")
    files = [str(noise), str(tmp_path / "man.jpg")]

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
    return files


def test_an_upload_goes_on_after_a_reload_with_what_is_there_already(
    upload_page: Page, dataset_url: str, tmp_path: Path
) -> None:
    page = upload_page
    files = interrupted(page, tmp_path)
    pieces: list[str] = []

    page.on("request", lambda request: pieces.append(request.url) if request.method == "PUT" else None)
    expect(page.locator("[data-draft]")).to_contain_text("Not finished: Interrupted")
    expect(page.locator("[data-draft]")).to_contain_text("1 file is wholly here, 1 in part;")
    page.locator("[data-go-on]").click()
    page.locator("[data-files-input]").set_input_files(files)
    page.locator("[data-send]").click()

    expect_job(page, "1 picture with 1 sample came in")
    assert pieces
    assert all("noise.png" in url and "offset=0" not in url for url in pieces)


def test_what_was_begun_is_not_thrown_away_for_another_file_without_a_question(
    upload_page: Page, dataset_url: str, tmp_path: Path
) -> None:
    page = upload_page
    files = interrupted(page, tmp_path)
    write_pictures(tmp_path, "other.jpg")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url.rpartition('/')[2]}"))
    page.locator("[data-go-on]").click()
    page.locator("[data-files-input]").set_input_files(str(tmp_path / "other.jpg"))
    dialog = page.get_by_role("dialog", name="Go on without noise.png?")

    page.locator("[data-send]").click()
    expect(dialog.get_by_role("listitem")).to_contain_text("noise.png: 4.19 MB of")
    expect(dialog.get_by_role("button", name="Choose again")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-choose-files]")).to_be_focused()
    assert not [each for each in sent if not each.startswith("GET")]

    page.locator("[data-files-input]").set_input_files([*files, str(tmp_path / "other.jpg")])
    page.locator("[data-send]").click()

    expect_job(page, "came in")
    assert not [each for each in sent if each.startswith("DELETE")]


def test_counts_are_shown_once_they_are_known_and_a_text_is_called_one(upload_page: Page, tmp_path: Path) -> None:
    page = upload_page
    page.route("**/files/**", lambda route: route.abort())
    write_pictures(tmp_path, "man.jpg")
    (tmp_path / "notes.txt").write_text("who came", encoding="utf-8")
    page.evaluate(
        """() => {
          const place = document.querySelector("[data-sent]");
          window.shown = [];
          new MutationObserver(() => window.shown.push(place.textContent)).observe(place, { childList: true });
        }"""
    )
    page.locator("[data-files-input]").set_input_files([str(tmp_path / "man.jpg"), str(tmp_path / "notes.txt")])
    expect(page.locator("[data-summary]")).to_contain_text("1 picture, 1 text file; ")

    hand_in(page)

    expect(page.locator("[data-waiting]")).to_be_visible()
    expect(page.locator("[data-sent]")).to_contain_text("0 of 2 files · 0 KB of ")
    assert not [text for text in page.evaluate("window.shown") if "of 0" in text]


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
def test_the_page_is_accessible_and_fits_in_every_state(upload_page: Page, tmp_path: Path) -> None:
    page = upload_page
    look = Look(page)
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
