"""Early stopping by the validation loss, and at a loss that is not finite."""

from __future__ import annotations

import math
from collections.abc import Sequence

from drive_stack.errors import ConfigError


class NonFiniteLossError(ConfigError):
    """A training diverged: a loss is infinite or not a number. With the same seed it does so again."""


def require_finite(what: str, loss: float) -> float:
    """Return ``loss``. Raises `NonFiniteLossError` with ``what`` it is the loss of if it is not finite."""
    if not math.isfinite(loss):
        raise NonFiniteLossError(f"the {what} loss is {loss}; the training ends")
    return loss


def is_best(losses: Sequence[float]) -> bool:
    """Whether the last validation loss is the lowest so far; ties count."""
    return losses[-1] <= min(losses)


def is_stale(losses: Sequence[float], patience: int) -> bool:
    """Whether the last ``patience`` validation losses are all higher than the lowest before them."""
    return len(losses) > patience and min(losses[-patience:]) > min(losses[:-patience])
