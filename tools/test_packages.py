"""What the tests need from the system: Chromium for the browser tests, PostgreSQL for the migration tests.

Installed with apt-get where they are absent and the user is root; otherwise one line says what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {"chromium": "the browser tests", "postgresql": "the PostgreSQL tests"}


def main() -> int:
    missing = [package for package in PACKAGES if not _is_there(package)]
    if not missing:
        return 0
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("apt-get") is None:
        for package in missing:
            print(
                f"{package} was not found: {PACKAGES[package]} will be skipped. Debian, Ubuntu: apt install {package}"
            )
        return 0
    print(f"Installing {', '.join(missing)} ...")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
    ):
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            print(f"{' '.join(command)} failed: {done.stderr.strip().splitlines()[-1:]}")
            return 1
    return 0


def _is_there(package: str) -> bool:
    if package == "postgresql":
        return shutil.which("postgres") is not None or any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


if __name__ == "__main__":
    sys.exit(main())
