"""When a training has learnt what it will."""

from __future__ import annotations

from collections.abc import Sequence


def is_best(losses: Sequence[float]) -> bool:
    """Whether the last of the validation losses is the least."""
    return losses[-1] <= min(losses)


def is_stale(losses: Sequence[float], patience: int) -> bool:
    """Whether the last ``patience`` validation losses are all above the least before them."""
    return len(losses) > patience and min(losses[-patience:]) > min(losses[:-patience])
