"""Settings come from defaults, then the file, then the environment; a wrong one says where it came from."""

from __future__ import annotations

import ast
import stat
import threading
from pathlib import Path

import pytest

from webapp import config
from webapp.cli import main
from webapp.config import Settings, kept_secret, load_settings
from webapp.core.errors import InvalidInputError


def load(instance_dir: Path, file: str = "", **environment: str) -> Settings:
    if file:
        (instance_dir / "config.toml").write_text(file, encoding="utf-8")
    return load_settings({"MOVEPRINT_INSTANCE_DIR": str(instance_dir), **environment})


def test_without_file_and_environment_the_defaults_hold(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings(instance_dir=tmp_path)


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, "port = 7000\nworkers = 3\nallow_signup = false", MOVEPRINT_PORT="8000")

    assert (settings.port, settings.workers, settings.allow_signup) == (8000, 3, False)


def test_host_and_port_work_bare(tmp_path: Path) -> None:
    settings = load(tmp_path, HOST="0.0.0.0", PORT="8080")

    assert (settings.host, settings.port) == ("0.0.0.0", 8080)


def test_an_empty_variable_is_as_good_as_none(tmp_path: Path) -> None:
    assert load(tmp_path, MOVEPRINT_WORKERS="").workers == 1


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False), ("FALSE", False)])
def test_flags_are_read_as_people_write_them(tmp_path: Path, text: str, value: bool) -> None:
    assert load(tmp_path, MOVEPRINT_SESSION_COOKIE_SECURE=text).session_cookie_secure is value


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"PORT": "http"}, "setting port in the environment must be a whole number, got 'http'"),
        ({"PORT": "70000"}, "setting port in the environment must be 0 to 65535, got 70000"),
        ({"MOVEPRINT_WORKERS": "-1"}, "setting workers in the environment must be 0 to 64, got -1"),
        ({"MOVEPRINT_THREADS": "0"}, "setting threads in the environment must be 1 to 256, got 0"),
        ({"MOVEPRINT_ALLOW_SIGNUP": "maybe"}, "setting allow_signup in the environment must be true or false"),
        ({"MOVEPRINT_ASYNC_MODE": "gevent"}, "must be one of eventlet, threading, got 'gevent'"),
        (
            {"MOVEPRINT_DETECTOR": "yolov8"},
            "setting detector in the environment must be one of auto, .*'yolov8'",
        ),
        ({"MOVEPRINT_POSE_MODEL": "movenet"}, "setting pose_model in the environment must be one of blazepose_lite, "),
        ({"MOVEPRINT_RUNTIME": "cuda"}, "must be one of auto, openvino, litert, onnxruntime, torch, keras, got 'cuda'"),
    ],
)
def test_a_wrong_value_is_named_with_its_source(tmp_path: Path, environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        load(tmp_path, **environment)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("prot = 5000", r"unknown setting 'prot' in .*config\.toml; known: host, port"),
        ("port = ", r"config\.toml is not valid TOML"),
        ("port = true", "must be a whole number, got True"),
        ("detector = 'Blazepose'", r"setting detector in .*config\.toml must be one of "),
        ("instance_dir = '/elsewhere'", r"instance_dir cannot be set in .*config\.toml.*MOVEPRINT_INSTANCE_DIR"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, file: str, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        load(tmp_path, file)


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes('host = "böse"'.encode("latin-1"))

    with pytest.raises(InvalidInputError, match=r"config\.toml is not valid TOML in UTF-8"):
        load(tmp_path)


def test_relative_folders_are_those_of_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load(Path("inst"), MOVEPRINT_WEIGHTS_DIR="../models")

    assert settings.instance_dir == tmp_path / "inst"
    assert settings.weights_dir == tmp_path.parent / "models"
    assert settings.sqlalchemy_url == f"sqlite:///{tmp_path}/inst/moveprint.sqlite3"


def test_an_empty_instance_directory_is_as_good_as_none() -> None:
    assert load_settings({"MOVEPRINT_INSTANCE_DIR": ""}).instance_dir == Settings().instance_dir


@pytest.mark.parametrize("command", ["serve", "web", "worker", "doctor", "warm-up", "migrate"])
def test_every_command_refuses_an_unknown_model_at_once(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOVEPRINT_INSTANCE_DIR", str(tmp_path))
    monkeypatch.setenv("MOVEPRINT_DETECTOR", "yolov8")

    assert main([command]) == 1

    assert "setting detector in the environment must be one of" in capfd.readouterr().err


def test_secrets_are_not_shown_when_settings_are_printed() -> None:
    assert "hush" not in repr(Settings(secret_key="hush", worker_token="hush"))


def test_every_setting_has_a_docstring() -> None:
    tree = ast.parse(Path(config.__file__).read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings")

    undocumented = [
        ast.unparse(field)
        for field, following in zip(body, [*body[1:], None], strict=True)
        if isinstance(field, ast.AnnAssign) and not (isinstance(following, ast.Expr))
    ]

    assert not undocumented


def test_a_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first, second = kept_secret(tmp_path / "new", "secret_key"), kept_secret(tmp_path / "new", "secret_key")

    assert first == second
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "new" / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret_key"]


def test_a_new_instance_directory_is_its_owners_alone(tmp_path: Path) -> None:
    kept_secret(tmp_path / "new", "secret_key")

    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_secret_is_kept_where_files_cannot_be_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")  # as exFAT answers

    monkeypatch.setattr("os.link", refuse)

    first, second = kept_secret(tmp_path, "secret_key"), kept_secret(tmp_path, "secret_key")

    assert first == second
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_processes_that_start_together_get_the_same_secret(tmp_path: Path) -> None:
    gate, got = threading.Barrier(8), []

    def start() -> None:
        gate.wait()
        got.append(kept_secret(tmp_path, "worker_token"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 8
    assert len(set(got)) == 1


def test_an_emptied_secret_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()

    with pytest.raises(InvalidInputError, match="is empty; delete it"):
        kept_secret(tmp_path, "secret_key")
