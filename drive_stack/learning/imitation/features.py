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

from drive_stack.learning.imitation.data import PackedViews, read_array
from drive_stack.learning.imitation.network import Trunk
from drive_stack.support.atomic_files import make_folder, whole_file

_AT_ONCE = 64  # pictures


def features_of(trunk: Trunk, packed: PackedViews, cache: Path) -> torch.Tensor:
    """(N, features) of every picture, half precision; kept in ``cache`` for each recording and trunk.

    Raises `ConfigError` where they cannot be written.
    """
    made_by = _hash(trunk)
    parts = []
    for name, views in packed.parts:
        path = cache / f"features-{name}-{made_by}.npy"
        kept = read_array(path, np.float16, (len(views), None))
        if kept is None:
            kept = _look(trunk, views)
            _write(path, kept)
        parts.append(torch.from_numpy(np.array(kept)))
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
    make_folder(path.parent)
    with whole_file(path) as part, part.open("wb") as file:
        np.save(file, features)


def _hash(trunk: Trunk) -> str:
    found = hashlib.sha256()
    for name, value in trunk.state_dict().items():
        found.update(name.encode())
        found.update(value.cpu().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]
