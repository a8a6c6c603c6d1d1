"""Where an npm package's tarball lies, by the npm that is installed and the registry it is configured for."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from webapp.core.errors import ModelUnavailableError

_ROOT = Path(__file__).resolve().parents[2]
_NO_CONNECTION = {"ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH"}


def tarball_url(package: str, version: str, max_seconds: float) -> str:
    """The address of the package's tarball; ModelUnavailableError gives the reason where npm does not know it."""
    npm = shutil.which("npm")
    if npm is None:
        raise ModelUnavailableError("npm was not found: install Node.js >= 20")
    command = [npm, "view", f"{package}@{version}", "dist.tarball", "--json", "--fetch-retries=0"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=max(max_seconds, 1.0), cwd=_ROOT, check=False
        )
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise ModelUnavailableError(f"npm did not answer within {max_seconds:g} s") from error
    except ValueError as error:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise ModelUnavailableError(f"npm does not say where {package} {version} lies: {said}") from error
    if isinstance(answer, str) and answer.startswith(("https://", "http://")):
        return answer
    problem = answer.get("error", {}) if isinstance(answer, dict) else {}
    if problem.get("code") in _NO_CONNECTION:
        raise ModelUnavailableError(f"no connection: npm reports {problem['code']}")
    raise ModelUnavailableError(f"npm does not know {package} {version}: {problem.get('summary') or answer}")
