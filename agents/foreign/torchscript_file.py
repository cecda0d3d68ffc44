"""A policy in a TorchScript file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from drive_stack.errors import ConfigError

from .policy import ObservationArrays, check_inputs


class TorchScriptPolicy:
    """A TorchScript policy. The arguments of ``forward`` are named as the observation's keys and have a
    leading axis of size 1.
    """

    def __init__(self, path: Path, example: ObservationArrays) -> None:
        try:
            self._module = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError, OSError) as error:
            reason = (str(error).strip().splitlines() or ["unreadable"])[0]
            raise ConfigError(f"{path}: is no TorchScript file that can be run: {reason}") from None
        self._names = [argument.name for argument in self._module.forward.schema.arguments][1:]
        check_inputs(path, self._names, example)

    def action(self, arrays: ObservationArrays) -> NDArray[np.floating]:
        """Run ``forward``; returns its output."""
        with torch.no_grad():
            output = self._module(*(torch.from_numpy(np.array(arrays[name]))[None] for name in self._names))
        if not isinstance(output, torch.Tensor):
            raise TypeError(f"it gives a {type(output).__name__}, expected a tensor of shape (1, 2)")
        return np.asarray(output.numpy())
