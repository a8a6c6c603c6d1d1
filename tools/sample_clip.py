"""python -m tools.sample_clip: fetches a clip of people moving, for a first try without a camera and for the tests.

It is the demo of Sports2D (BSD-3-Clause), taken out of its wheel on PyPI; nothing of that package is installed.
Without network one line says so, and the exit status is 0: the product works without the clip.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from webapp.config import ROOT
from webapp.core.errors import MoveprintError
from webapp.vision.weights import sha256_of

REQUIREMENT = "sports2d==0.8.34"
LIMIT_S = 120.0
SAMPLES_DIR = ROOT / "static" / "samples"


class SampleError(MoveprintError):
    """The clip could not be had; the text is the reason, a part of a sentence."""


@dataclass(frozen=True)
class Member:
    """One file in the wheel and the name it gets."""

    name_in_wheel: str
    name: str
    sha256: str


_CLIP_SHA256 = "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039"
_LICENCE_SHA256 = "7f8a9ede713463b96d261a39c3ec404748c8e4f528c795e5f8cb18898ed944cf"
MEMBERS = (
    Member("Sports2D/Demo/demo.mp4", "demo.mp4", _CLIP_SHA256),
    Member("sports2d-0.8.34.dist-info/licenses/LICENSE", "LICENSE.sports2d.txt", _LICENCE_SHA256),
)


def main() -> int:
    """Fetch the clip if it is not here."""
    try:
        fetched = fetch_samples(SAMPLES_DIR, MEMBERS, download_wheel)
    except SampleError as error:
        print(f"The sample clip could not be fetched ({error}); all else works. Later: python -m tools.sample_clip")
        return 0
    print(f"Sample clip: {'fetched to' if fetched else 'already in'} {SAMPLES_DIR}")
    return 0


def fetch_samples(samples_dir: Path, members: tuple[Member, ...], download: Callable[[Path], Path]) -> bool:
    """Put the members in their place; False where they lie there already. SampleError where that fails."""
    if all((samples_dir / m.name).is_file() and sha256_of(samples_dir / m.name) == m.sha256 for m in members):
        return False
    with tempfile.TemporaryDirectory(prefix="moveprint-sample-") as scratch:
        contents = _read_members(download(Path(scratch)), members, Path(scratch))
        samples_dir.mkdir(parents=True, exist_ok=True)
        for member, path in contents:
            part = samples_dir / (member.name + ".part")
            part.write_bytes(path.read_bytes())
            os.replace(part, samples_dir / member.name)
    return True


def download_wheel(folder: Path, requirement: str = REQUIREMENT) -> Path:
    """The wheel, fetched by pip with whatever index and proxy the user has set; nothing is installed."""
    command = [
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--retries", "1", "--timeout", "10"),
        *("download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(folder), requirement),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.startswith("ERROR")]
        raise SampleError(lines[-1].removeprefix("ERROR: ") if lines else "pip failed without a reason") from error
    except subprocess.TimeoutExpired as error:
        raise SampleError(f"pip took more than {LIMIT_S:g} s") from error
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise SampleError(f"pip downloaded no wheel of {requirement}")
    return wheel


def _read_members(wheel: Path, members: tuple[Member, ...], scratch: Path) -> list[tuple[Member, Path]]:
    """Extract and check all members before any is put in its place."""
    extracted = []
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in members:
                path = Path(archive.extract(member.name_in_wheel, scratch / "members"))
                if sha256_of(path) != member.sha256:
                    raise SampleError(f"{member.name_in_wheel} has another sha256 than expected")
                extracted.append((member, path))
    except (zipfile.BadZipFile, KeyError) as error:
        raise SampleError(f"{wheel.name} is not the wheel expected: {error}") from error
    return extracted


if __name__ == "__main__":
    sys.exit(main())
