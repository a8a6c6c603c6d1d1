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
