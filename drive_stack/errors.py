"""Errors in files, options and requests of a user."""

from __future__ import annotations

from typing import TypeAlias

from drive_stack.escaping import shortened

Keys: TypeAlias = tuple[str | int, ...]
_MAX_MESSAGE = 2000  # characters


class ConfigError(ValueError):
    """A user's input cannot be used. The message says what is wrong, where, and what is allowed.

    The message is one line of printable text, whatever it quotes.
    """

    def __init__(self, message: str) -> None:
        super().__init__(shortened(message, _MAX_MESSAGE))


class FieldError(ValueError):
    """An error that a validator of a model raises for a key below that model.

    Args:
        message: what is wrong with the value and what is allowed.
        locations: key paths from the validated model to each value that takes part. The error is reported at
            the first of them, or at the one that an override has set.
    """

    def __init__(self, message: str, *locations: Keys) -> None:
        super().__init__(message)
        self.locations = locations
