"""A policy in a TorchScript file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from agents.foreign.seen import Seen, unknown_inputs
from drive_stack.errors import ConfigError


class TorchScriptPolicy:
    """``forward``'s arguments carry the names of the observation's keys, each with an axis of 1 in front."""

    def __init__(self, path: Path, example: Seen) -> None:
        try:
            self._module = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError, OSError) as error:
            reason = (str(error).strip().splitlines() or ["unreadable"])[0]
            raise ConfigError(f"{path}: is no TorchScript file that can be run: {reason}") from None
        self._names = [argument.name for argument in self._module.forward.schema.arguments][1:]
        unknown_inputs(path, self._names, example)

    def action(self, seen: Seen) -> NDArray[np.floating]:
        """What ``forward`` gives."""
        with torch.no_grad():
            found = self._module(*(torch.from_numpy(np.array(seen[name]))[None] for name in self._names))
        if not isinstance(found, torch.Tensor):
            raise TypeError(f"it gives a {type(found).__name__}, expected a tensor of shape (1, 2)")
        return np.asarray(found.numpy())
