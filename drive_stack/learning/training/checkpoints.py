"""Reading of training checkpoints."""

from __future__ import annotations

import pickle
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch

from drive_stack.errors import ConfigError
from drive_stack.support.atomic_files import check_regular


def read_checkpoint(path: Path, keys: Collection[str], device: torch.device | str) -> dict[str, Any]:
    """Load a checkpoint onto ``device``; no code in it is executed.

    Raises `ConfigError` if the file is missing, cannot be read, or lacks one of ``keys``.
    """
    try:
        check_regular(path, path.stat().st_mode)
        content = torch.load(path, weights_only=True, map_location=device)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no checkpoint to resume from") from None
    except (OSError, RuntimeError, LookupError, EOFError, pickle.UnpicklingError) as error:
        reason = type(error).__name__
        raise ConfigError(f"{path}: cut off or not a checkpoint ({reason}); restore or remove it") from None
    missing = sorted(set(keys) - set(content)) if isinstance(content, dict) else sorted(keys)
    if missing:
        raise ConfigError(f"{path}: not a checkpoint of this training: lacks {', '.join(missing)}")
    return dict(content)
