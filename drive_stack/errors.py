"""Errors about what a person wrote or asked for."""

from __future__ import annotations

from typing import TypeAlias

from drive_stack.escaping import shortened

Keys: TypeAlias = tuple[str | int, ...]
_MAX_MESSAGE = 2000  # characters


class ConfigError(ValueError):
    """Something a person wrote cannot be used; the message says what, where and what is allowed.

    The message is one line of printable text, whatever it quotes.
    """

    def __init__(self, message: str) -> None:
        super().__init__(shortened(message, _MAX_MESSAGE))


class FieldError(ValueError):
    """Raised by a validator of a model for a key below that model.

    Args:
        message: what is wrong with the value and what is allowed.
        places: the keys that lead from the validated model to each value that takes part. The error is
            reported at the first of them, or at the one that an override has set.
    """

    def __init__(self, message: str, *places: Keys) -> None:
        super().__init__(message)
        self.places = places
