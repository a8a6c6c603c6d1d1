"""The product's exceptions: one small tree, translated to HTTP, socket and command line once each."""

from __future__ import annotations


class MoveprintError(Exception):
    """Base of everything the product raises on purpose; its text is a sentence for a person."""


class InvalidInputError(MoveprintError):
    """Something from outside is not as it must be; the text names the value and the remedy. HTTP 400/422."""


class NotFoundError(MoveprintError):
    """The named thing does not exist, or not for this person. HTTP 404."""


class NotAllowedError(MoveprintError):
    """The person's role does not permit this. HTTP 403."""


class ModelUnavailableError(MoveprintError):
    """A model file or its runtime is missing or damaged; the text says how to get it."""


def sentence(text: str) -> str:
    """What an error says as a sentence of its own: a capital letter in front and a stop at the end."""
    first_word = text.split(" ", 1)[0].rstrip(".:,")
    if not {"_", ".", "/"} & set(first_word):  # the name of a key or of a file stays as it is
        text = text[:1].upper() + text[1:]
    return text + ("" if text.endswith((".", "!", "?")) else ".")
