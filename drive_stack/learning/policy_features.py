"""What the trunk makes of recorded pictures, made once and kept: for rounds that leave the trunk as it is.

Most of what training costs is looking. A round that adds a tenth to the recordings teaches what to do, not
how to see: from kept features the head learns some fifteen times as fast.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from drive_stack.config import ConfigError
from drive_stack.learning.policy_data import PackedViews
from drive_stack.learning.policy_network import Trunk

_AT_ONCE = 64  # pictures


def features_of(trunk: Trunk, packed: PackedViews, cache: Path) -> torch.Tensor:
    """(N, features) of every picture, half precision; kept in ``cache`` for each recording and trunk.

    Raises `ConfigError` where they cannot be written.
    """
    made_by = _hash(trunk)
    parts = []
    for name, views in packed.parts:
        path = cache / f"features-{name}-{made_by}.npy"
        if not path.is_file():
            _write(path, _look(trunk, views))
        parts.append(torch.from_numpy(np.load(path)))
    return torch.cat(parts)


def _look(trunk: Trunk, views: NDArray[np.uint8]) -> NDArray[np.float16]:
    trunk.eval()
    device = next(trunk.parameters()).device
    found = []
    with torch.no_grad():
        for begin in range(0, len(views), _AT_ONCE):
            seen = torch.from_numpy(np.array(views[begin : begin + _AT_ONCE])).to(device)
            found.append(trunk(seen).half().cpu().numpy())
    return np.concatenate(found)


def _write(path: Path, features: NDArray[np.float16]) -> None:
    """In one stroke, so that a kill leaves nothing half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            np.save(file, features)
        part.rename(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from None


def _hash(trunk: Trunk) -> str:
    found = hashlib.sha256()
    for name, value in trunk.state_dict().items():
        found.update(name.encode())
        found.update(value.cpu().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]
