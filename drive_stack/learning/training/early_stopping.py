"""Early stopping by the validation loss."""

from __future__ import annotations

from collections.abc import Sequence


def is_best(losses: Sequence[float]) -> bool:
    """Whether the last validation loss is the lowest so far; ties count."""
    return losses[-1] <= min(losses)


def is_stale(losses: Sequence[float], patience: int) -> bool:
    """Whether the last ``patience`` validation losses are all higher than the lowest before them."""
    return len(losses) > patience and min(losses[-patience:]) > min(losses[:-patience])
