"""The images of a batch, from stored bytes to what the network reads, in one compiled pass.

Conversion, brightness, tint, noise and limits as separate operations on whole arrays take a quarter of a
training step.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from drive_stack.learning.imitation.augmentation import ImageChanges
from drive_stack.learning.imitation.compiled_floats import as_array, store
from drive_stack.learning.imitation.data import PackedViews
from drive_stack.policy.views import View
from drive_stack.support.kernels import kernel

_BLOCK = 48  # numbers that are computed together: whole pixels, and a multiple of the width of vector units


def make_images(
    packed: PackedViews,
    rows: NDArray[np.int64],
    views: Sequence[View],
    changes: ImageChanges,
    dtype: torch.dtype = torch.float32,
) -> list[torch.Tensor]:
    """Each view of ``rows`` (P,), changed, as (P, 3, H, W) in −1 … 1 with channels last in memory.

    ``dtype`` is float32 or bfloat16.
    """
    images = [torch.empty((len(rows), view.size), dtype=dtype) for view in views]
    for part, part_rows, places in packed.parts_of(rows):
        start = 0
        for image, view, noise in zip(images, views, changes.noise, strict=True):
            scale, offset = changes.scale[places], changes.offset[places]
            _convert(part, part_rows, places, start, scale, offset, noise, as_array(image))
            start += view.size
    return [
        image.view(-1, view.height, view.width, 3).permute(0, 3, 1, 2)
        for image, view in zip(images, views, strict=True)
    ]


@kernel(nogil=True, fastmath={"contract", "nsz"})
def _convert(part, rows, places, start, scale, offset, noise, images):  # type: ignore[no-untyped-def]
    """Write byte · ``scale`` + ``offset`` + ``noise``, limited to −1 … 1, for each of ``rows``.

    Row ``rows[k]`` of ``part`` (N, K) goes to row ``places[k]`` of ``images`` (P, S), beginning at byte
    ``start``. ``scale`` and ``offset`` are (rows, 3) by colour; ``noise`` is (S,).
    """
    size = images.shape[1]
    low, high = np.float32(-1.0), np.float32(1.0)
    factors, summands = np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32)
    for k in range(len(rows)):
        source, target = part[rows[k], start : start + size], images[places[k]]
        for c in range(_BLOCK):
            factors[c], summands[c] = scale[k, c % 3], offset[k, c % 3]
        for block in range(size // _BLOCK):  # numba vectorises this form, whose indices cannot be negative
            for c in range(_BLOCK):
                i = block * _BLOCK + c
                value = np.float32(source[i]) * factors[c] + (summands[c] + noise[i])
                target[i] = store(min(max(value, low), high), target[0])
        for c in range(size % _BLOCK):
            i = size // _BLOCK * _BLOCK + c
            value = np.float32(source[i]) * factors[c] + (summands[c] + noise[i])
            target[i] = store(min(max(value, low), high), target[0])
