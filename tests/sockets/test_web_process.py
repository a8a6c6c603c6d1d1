"""The running web process: what it has loaded after it has served everything it serves."""

from __future__ import annotations

import re
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.events import announced
from tests.sockets.asking import ask_until_result
from tests.sockets.conftest import Server
from tests.sockets.scripted_worker import ScriptedWorker
from webapp.pipeline import wire

HEAVY = {"torch", "cv2", "tensorflow", "openvino", "numba", "llvmlite", "ai_edge_litert"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_running_web_process_has_loaded_no_inference_framework(web: Server, jpeg: bytes) -> None:
    def tell(worker: ScriptedWorker, frame: Any) -> None:
        event = replace(announced(f"{frame['session_id']}-1"), session_id=frame["session_id"])
        worker.answer_nobody(frame, (wire.event_to_wire(event),))

    web.worker(tell)
    ask_until_result(web.live("alice"), jpeg)
    for path in ("/live/", "/actions/", "/history/", "/negatives/", "/feedback/"):
        page = urllib.request.Request(f"{web.url}{path}", headers={"Cookie": web.cookies["alice"]})
        urllib.request.urlopen(page).close()

    maps = Path(f"/proc/{web.process.pid}/maps").read_text(encoding="utf-8")

    loaded = set(re.findall(r"/site-packages/([A-Za-z_]+)", maps))
    assert "numpy" in loaded  # so the reading works
    assert loaded & HEAVY == set()
