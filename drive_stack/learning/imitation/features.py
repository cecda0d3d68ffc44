"""Features of recorded images, computed once by the trunk and cached, for rounds with a frozen trunk.

Most of the cost of training is the trunk. A round that adds a tenth to the recordings teaches what to do, not
how to perceive: from cached features the head trains about fifteen times as fast.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from drive_stack.learning.imitation.data import PackedViews, read_array
from drive_stack.learning.imitation.network import Trunk
from drive_stack.support.atomic_files import atomic_file, make_folder

_BATCH = 64  # images


def trunk_features(trunk: Trunk, packed: PackedViews, cache: Path) -> torch.Tensor:
    """Features (N, F) of all images in half precision, cached in ``cache`` for each recording and trunk.

    Raises `ConfigError` if they cannot be written.
    """
    trunk_hash = _hash(trunk)
    parts = []
    for name, views in packed.parts:
        path = cache / f"features-{name}-{trunk_hash}.npy"
        cached = read_array(path, np.float16, (len(views), None))
        if cached is None:
            cached = _run_trunk(trunk, views)
            _write(path, cached)
        parts.append(torch.from_numpy(np.array(cached)))
    return torch.cat(parts)


def _run_trunk(trunk: Trunk, views: NDArray[np.uint8]) -> NDArray[np.float16]:
    trunk.eval()
    device = next(trunk.parameters()).device
    features = []
    with torch.no_grad():
        for start in range(0, len(views), _BATCH):
            packed = torch.from_numpy(np.array(views[start : start + _BATCH])).to(device)
            features.append(trunk(packed).half().cpu().numpy())
    return np.concatenate(features)


def _write(path: Path, features: NDArray[np.float16]) -> None:
    make_folder(path.parent)
    with atomic_file(path) as part, part.open("wb") as file:
        np.save(file, features)


def _hash(trunk: Trunk) -> str:
    digest = hashlib.sha256()
    for name, value in trunk.state_dict().items():
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
