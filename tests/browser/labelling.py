"""A person who labels pictures: where to point, what they press, and how many inputs that took."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.driving import SOON_MS, wait_until
from tests.browser.running import RunningServer
from tests.browser.seeding import app_of, dataset
from tests.dataset_seeding import Seeded
from webapp.core.skeleton import UPPER_BODY_6, Skeleton
from webapp.db.base import new_id
from webapp.services import accounts

DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
AWAY = "ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to load resource"
"""What the console says while the server is out of reach."""
ROOM_PX = 8
MARGIN = 1.25


def seed(
    server: RunningServer,
    owner: str,
    count: int,
    *,
    states: Sequence[str] = ("proposed",),
    skeleton: Skeleton = UPPER_BODY_6,
    members: Mapping[str, str] | None = None,
) -> Seeded:
    """A dataset of drawn pictures. members: roles by user name."""
    with app_of(server).app_context():
        roles = {accounts.get_account(name).id: role for name, role in (members or {}).items()}
    options = {"name": new_id(), "skeleton": skeleton, "states": states, "people": (None,), "members": roles}
    return dataset(server, owner, count, **options)


class Labeller:
    """Somebody before the labelling page of one dataset; inputs counts keys pressed, clicks and drags."""

    def __init__(self, page: Page, dataset_id: str) -> None:
        self.page, self.dataset_id = page, dataset_id
        self.stage = page.locator("[data-stage]")
        self.inputs = 0

    @property
    def sample_id(self) -> str:
        return parse_qs(urlsplit(self.page.url).query).get("sample", [""])[0]

    def stored(self, sample_id: str | None = None) -> dict[str, Any]:
        """The sample as the server has it."""
        answer = self.page.request.get(
            f"/datasets/{self.dataset_id}/samples/{sample_id or self.sample_id}", headers={"Accept": "application/json"}
        )
        assert answer.ok, answer.text()
        found: dict[str, Any] = answer.json()
        return found

    def wait_for_picture(self, other_than: str = "") -> str:
        wait_until(self.page, lambda: self.sample_id not in {"", other_than}, "the next picture")
        expect(self.page.locator("[data-facts] [data-state]")).to_be_visible()
        return self.sample_id

    def wait_for_revision(self, sample_id: str, revision: int) -> dict[str, Any]:
        """The sample once the server has this revision of its label."""
        wait_until(self.page, lambda: self.stored(sample_id)["revision"] >= revision, f"revision {revision}")
        return self.stored(sample_id)

    def point(self, x_px: float, y_px: float, box_px: Sequence[float]) -> tuple[float, float]:
        """Where on the screen a place of the picture is, while the crop around this box is shown."""
        rect = self.stage.bounding_box()
        assert rect is not None
        x1, y1, x2, y2 = box_px
        scale = (min(rect["width"], rect["height"]) - 2 * ROOM_PX) / (MARGIN * max(x2 - x1, y2 - y1))
        return (
            rect["x"] + rect["width"] / 2 + (x_px - (x1 + x2) / 2) * scale,
            rect["y"] + rect["height"] / 2 + (y_px - (y1 + y2) / 2) * scale,
        )

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.inputs += 1

    def click(self, at: tuple[float, float], **options: Any) -> None:
        self.page.mouse.click(*at, **options)
        self.inputs += 1

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=5)
        self.page.mouse.up()
        self.inputs += 1

    def visibilities(self) -> list[int]:
        rows = self.page.locator("[data-list] li")
        return [int(rows.nth(k).get_attribute("data-visibility") or -1) for k in range(rows.count())]

    def selected(self) -> str | None:
        """The name of the chosen keypoint."""
        row = self.page.locator("[data-list] li.selected")
        return row.get_attribute("data-keypoint") if row.count() else None

    def expect_state(self, state: str) -> None:
        expect(self.page.locator("[data-facts] [data-state]")).to_have_attribute("data-state", state, timeout=SOON_MS)


OpenLabeller = Callable[..., Labeller]
