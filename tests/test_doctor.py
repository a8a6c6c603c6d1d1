"""The doctor sees each fault, names it, and says what to do."""

from __future__ import annotations

import importlib.metadata
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from webapp import doctor
from webapp.config import ROOT, Settings, kept_secret
from webapp.doctor_check import Check, table


def only(checks: Iterable[Check], name: str) -> Check:
    found = [check for check in checks if check.name == name]
    assert len(found) == 1, found
    return found[0]


def state_of(checks: Iterable[Check], name: str) -> str:
    return only(checks, name).state


def test_a_migrated_database_is_well(settings: Settings) -> None:
    assert [check.state for check in doctor.check_database(settings)] == ["ok"]


def test_a_missing_database_is_named_and_not_made(tmp_path: Path) -> None:
    check = only(doctor.check_database(Settings(instance_dir=tmp_path)), "database")

    assert (check.state, check.remedy) == ("fail", "python -m webapp migrate")
    assert not (tmp_path / "moveprint.sqlite3").exists()


@pytest.mark.parametrize("content", [b"", b"this is no database" * 100])
def test_a_database_without_tables_or_no_database_fails(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "moveprint.sqlite3").write_bytes(content)

    assert state_of(doctor.check_database(Settings(instance_dir=tmp_path)), "database") == "fail"


def test_a_database_server_that_is_not_there_fails(tmp_path: Path) -> None:
    settings = Settings(instance_dir=tmp_path, database_url="postgresql://nobody:pw@127.0.0.1:9/none")

    check = only(doctor.check_database(settings), "database")

    assert check.state == "fail"
    assert "pw@" not in check.detail


def test_jobs_are_run_unless_the_settings_say_no_or_their_queue_is_damaged(settings: Settings) -> None:
    queue = settings.instance_dir / "jobs.sqlite3"
    assert [check.state for check in doctor.check_jobs(settings)] == ["ok", "ok"]
    assert not queue.exists()
    idle = replace(settings, job_workers=0, training_workers=0)
    assert [(check.name, check.state) for check in doctor.check_jobs(idle)] == [("jobs", "warn"), ("training", "warn")]

    queue.write_bytes(b"no database at all" * 100)

    check = only(doctor.check_jobs(settings), "jobs")
    assert check.state == "fail"
    assert "delete it" in check.remedy


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("mysql://anna:sesame@host/queue", "correct MOVEPRINT_QUEUE_URL"),
        ("redis://anna:sesame@127.0.0.1:9/0", "start that server"),
        ("postgresql://anna:sesame@127.0.0.1:9/queue", "start that server"),
    ],
)
def test_a_queue_that_cannot_be_reached_is_said_without_its_password(settings: Settings, url: str, remedy: str) -> None:
    check = only(doctor.check_jobs(replace(settings, queue_url=url)), "jobs")

    assert check.state == "fail"
    assert remedy in check.remedy
    assert "sesame" not in check.detail + check.remedy


def test_a_free_port_is_well_and_a_taken_one_fails(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = replace(settings, port=listener.getsockname()[1])
        listener.settimeout(0.1)
        check = only(doctor.check_port(taken), f"port {taken.port}")
        assert check.state == "fail"
        assert "PORT=5001" in check.remedy

    assert state_of(doctor.check_port(taken), f"port {taken.port}") == "ok"


def test_a_port_where_moveprint_answers_is_well(settings: Settings) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<title>Log in - Moveprint</title>")

        def log_message(self, format: str, *args: object) -> None:
            """Tests need no access log."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        check = only(doctor.check_port(replace(settings, port=server.server_port)), f"port {server.server_port}")
        thread.join()

    assert (check.state, check.detail) == ("ok", "Moveprint is running there")


def test_an_address_of_another_machine_cannot_be_listened_on(settings: Settings) -> None:
    check = only(doctor.check_port(replace(settings, host="203.0.113.7", port=0)), "port 0")

    assert check.state == "fail"
    assert "203.0.113.7 cannot be listened on" in check.detail


@pytest.mark.parametrize(
    ("host", "secure", "state"),
    [
        ("127.0.0.1", False, "ok"),
        ("localhost", False, "ok"),
        ("::1", False, "ok"),
        ("192.168.1.20", False, "warn"),
        ("0.0.0.0", False, "warn"),
        ("192.168.1.20", True, "ok"),
    ],
)
def test_the_camera_needs_localhost_or_https(host: str, secure: bool, state: str) -> None:
    settings = Settings(host=host, session_cookie_secure=secure)

    assert state_of(doctor.check_camera(settings), "camera page") == state


def test_missing_models_fail_when_needed_and_warn_when_welcome(tmp_path: Path) -> None:
    checks = list(doctor.check_models(Settings(weights_dir=tmp_path)))

    assert state_of(checks, "model blazepose_full") == "fail"
    assert state_of(checks, "model blazepose_detector") == "fail"
    assert state_of(checks, "model yolov5n") == "warn"
    assert only(checks, "model yolov5n").remedy == "python -m webapp weights pull yolov5n"
    assert not [check for check in checks if check.name in {"model blazepose_heavy", "model yolov5m"}]


def test_a_model_the_settings_name_must_be_whole(tmp_path: Path) -> None:
    (tmp_path / "yolov5").mkdir()
    (tmp_path / "yolov5" / "yolov5s.pt").write_bytes(b"cut")
    (tmp_path / "yolov5" / "yolov5m.pt").write_bytes(b"cut")

    checks = list(doctor.check_models(Settings(weights_dir=tmp_path, detector="yolov5s")))

    assert state_of(checks, "model yolov5s") == "fail"
    assert state_of(checks, "model yolov5m") == "warn"


@pytest.mark.parametrize(
    ("detector", "pose_model", "needed"),
    [
        ("yolov5s", "movenet_multipose", {"movenet_multipose"}),
        ("auto", "hand_full", {"palm_detector", "hand_full"}),
        ("ssd_mobilenet", "blazepose_lite", {"ssd_mobilenet", "blazepose_lite"}),
    ],
)
def test_only_what_the_settings_need_must_be_here(
    tmp_path: Path, detector: str, pose_model: str, needed: set[str]
) -> None:
    checks = doctor.check_models(Settings(weights_dir=tmp_path, detector=detector, pose_model=pose_model))

    assert {(check.name.removeprefix("model "), check.state) for check in checks} == {(one, "fail") for one in needed}


@pytest.mark.parametrize(("pose_model", "state"), [("arms", "fail"), ("blazepose_full", "warn")])
def test_a_broken_model_of_the_users_own_says_what_is_wrong(tmp_path: Path, pose_model: str, state: str) -> None:
    (tmp_path / "own" / "arms").mkdir(parents=True)

    check = only(doctor.check_models(Settings(weights_dir=tmp_path, pose_model=pose_model)), "model arms")

    assert check.state == state
    assert "card.toml cannot be read" in check.remedy


def test_frameworks_for_models_that_not_everybody_has_may_be_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    pins = tmp_path / "requirements.txt"
    pins.write_text("tensorflow-cpu==2\nkeras==3\nh5py\nonnx\nonnxruntime==1\ntorch==2\n")

    (check,) = doctor.check_packages(Settings(), pins)

    assert check.state == "warn"
    assert check.detail.startswith("not installed, so not used: tensorflow-cpu, keras")


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
def test_a_secret_others_can_read_fails(tmp_path: Path) -> None:
    settings = Settings(instance_dir=tmp_path)
    kept_secret(tmp_path, "worker_token")
    assert state_of(doctor.check_instance(settings), "secret worker_token") == "ok"
    (tmp_path / "worker_token").chmod(0o644)

    check = only(doctor.check_instance(settings), "secret worker_token")

    assert check.state == "fail"
    assert check.remedy.startswith(f"chmod 600 {tmp_path / 'worker_token'}")


def test_an_instance_directory_that_takes_no_files_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    check = only(doctor.check_instance(Settings(instance_dir=tmp_path / "file")), "instance directory")

    assert check.state == "fail"
    assert "MOVEPRINT_INSTANCE_DIR" in check.remedy


@pytest.mark.parametrize(("version", "state"), [((3, 10), "fail"), ((3, 11), "ok"), ((3, 12), "ok"), ((3, 13), "warn")])
def test_python_versions(version: tuple[int, int], state: str) -> None:
    assert state_of(doctor.check_python(Settings(), version), "python") == state


def test_packages_are_held_against_the_pins(tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text(
        "# pinned\n-c other.txt\nno-such-package==1.0\nflask==0.1\nnumpy>=1\nold-only==1 ; python_version < '3'\n"
    )

    missing, others = doctor.check_packages(Settings(), pins)

    assert (missing.state, missing.detail) == ("fail", "missing: no-such-package")
    assert (others.state, others.detail.startswith("other versions than tried: flask ")) == ("warn", True)
    assert "numpy" not in others.detail


def test_altered_browser_libraries_fail(tmp_path: Path) -> None:
    manifest = tmp_path / "vendor.toml"
    manifest.write_text('[[package]]\nname = "p"\nfiles = [{ from = "a", to = "p/a.js", sha256 = "00" }]\n')

    check = only(doctor.check_browser_libraries(Settings(), manifest, tmp_path), "browser libraries")

    assert (check.state, check.detail) == ("fail", "missing or altered: p/a.js")
    assert "python -m tools.vendor" in check.remedy


def test_one_failure_makes_the_exit_status_one(tmp_path: Path) -> None:
    status, text = doctor.run(Settings(instance_dir=tmp_path, weights_dir=tmp_path), as_json=True)

    answer = json.loads(text)
    assert status == 1
    assert answer["healthy"] is False
    assert {"name", "state", "detail", "remedy"} == set(answer["checks"][0])


def test_the_table_shows_each_remedy_below_its_failure() -> None:
    text = table([Check("one", "ok", "fine"), Check("two", "fail", "broken", "mend it")])

    assert text.splitlines() == [
        "ok    one  fine",
        "fail  two  broken",
        "           -> mend it",
        "1 failed, 0 to know about",
    ]


def test_the_doctor_loads_no_inference_framework() -> None:
    code = "import sys, webapp.doctor; assert not {'torch', 'cv2', 'openvino', 'numba'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
