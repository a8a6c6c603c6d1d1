"""What making the app does, and above all does not."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from flask import request

from webapp.app import announce_first_admin, create_app, serve_web
from webapp.config import ROOT, Settings
from webapp.db.schema import DatabaseUnavailableError

HEAVY = ("torch", "tensorflow", "cv2", "numba", "openvino", "ai_edge_litert")


def test_the_web_process_loads_no_inference_framework() -> None:
    program = f"import sys, webapp.app; print([name for name in {HEAVY} if name in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )

    assert done.stdout.strip() == "[]"


def test_making_the_app_leaves_no_thread_and_opens_no_database(tmp_path: Path) -> None:
    before = set(threading.enumerate())

    create_app(Settings(instance_dir=tmp_path, async_mode="threading"))

    for started in set(threading.enumerate()) - before:
        started.join(timeout=5)  # the store of the rate limits cleans up once
    assert set(threading.enumerate()) <= before
    assert not list(tmp_path.glob("*.sqlite3*"))


def test_a_database_without_tables_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError, match="run python -m webapp migrate"):
        serve_web(Settings(instance_dir=tmp_path, async_mode="threading"))


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1:5000"), ("0.0.0.0", "127.0.0.1:5000"), ("::", "[::1]:5000")]
)
def test_the_printed_link_can_be_opened_on_this_machine(
    settings: Settings, capsys: pytest.CaptureFixture[str], host: str, shown: str
) -> None:
    listening = Settings(instance_dir=settings.instance_dir, host=host, async_mode="threading")
    app = create_app(listening)

    with app.app_context():
        announce_first_admin(app, listening)

    assert f"http://{shown}/accounts/first-admin/" in capsys.readouterr().out


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "203.0.113.7")])
def test_a_forwarded_address_is_believed_only_from_trusted_proxies(tmp_path: Path, proxies: int, seen: str) -> None:
    app = create_app(Settings(instance_dir=tmp_path, async_mode="threading", trusted_proxies=proxies))
    addresses: list[str | None] = []
    app.before_request(lambda: addresses.append(request.remote_addr))

    app.test_client().get("/healthz", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7"})

    assert addresses == [seen]
