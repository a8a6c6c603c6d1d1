"""What the tests need in addition: Chromium for the browser, PostgreSQL and Redis for tests on them, clips of people.

Packages are installed with apt-get where they are absent and the user is root; otherwise, or without network, one line
says what will be skipped, and the other tests run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import test_clips

PACKAGES = {
    "chromium": "the browser tests",
    "postgresql": "the PostgreSQL tests",
    "redis-server": "the Redis tests",
}


def main() -> int:
    test_clips.main()
    return install_packages()


def install_packages() -> int:
    """Those that are not here; 0 also where that fails."""
    missing = [package for package in PACKAGES if not _is_there(package)]
    if not missing:
        return 0
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("apt-get") is None:
        for package in missing:
            print(
                f"{package} was not found: {PACKAGES[package]} will be skipped. Debian, Ubuntu: apt install {package}"
            )
        return 0
    what = " and ".join(PACKAGES[package] for package in missing)
    print(f"Installing {', '.join(missing)} ...")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
    ):
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"{' and '.join(missing)} could not be installed ({reason}): {what} will be skipped")
            return 0
    return 0


def _is_there(package: str) -> bool:
    if package == "postgresql":
        return shutil.which("postgres") is not None or any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    names = ("chromium", "chromium-browser", "google-chrome") if package == "chromium" else (package,)
    return any(shutil.which(name) for name in names)


if __name__ == "__main__":
    sys.exit(main())
