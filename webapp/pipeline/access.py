"""The secret that lets a worker in: the web process compares it, the worker shows it."""

from __future__ import annotations

from pathlib import Path

from webapp.config import Settings, kept_secret
from webapp.core.errors import InvalidInputError


def worker_token(settings: Settings, token_file: str | None = None) -> str:
    """The token from that file, else from the settings, else the one kept in the instance directory."""
    if token_file is not None:
        try:
            token = Path(token_file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInputError(f"the worker token cannot be read from {token_file}: {error}") from error
        if not token:
            raise InvalidInputError(f"{token_file} is empty; copy the web machine's instance/worker_token into it")
        return token
    return settings.worker_token or kept_secret(settings.instance_dir, "worker_token")
