"""Errors about what a person wrote or asked for."""

from __future__ import annotations

from typing import TypeAlias

Keys: TypeAlias = tuple[str | int, ...]


class ConfigError(ValueError):
    """Something a person wrote cannot be used; the message says what, where and what is allowed."""


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
