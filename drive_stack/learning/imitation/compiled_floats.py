"""Reading and writing of float32 and bfloat16 numbers in compiled code; numba has no type for bfloat16.

A bfloat16 is the upper half of a float32 and is passed as uint16 with the same bits.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import torch
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from drive_stack.support.kernels import kernel

STORED = (torch.float32, torch.bfloat16)
Stored: TypeAlias = NDArray[np.float32] | NDArray[np.uint16]


def as_array(tensor: torch.Tensor) -> Stored:
    """The memory of a tensor of a type in `STORED`, for compiled code."""
    array: Stored = (tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor).numpy()
    return array


def load(value: float) -> float:
    """Return the stored number as float32; only in compiled code."""
    raise NotImplementedError


def store(number: float, place: float) -> float:
    """Round the float32 to the type of ``place``, an array's element; only in compiled code."""
    raise NotImplementedError


@kernel(cached=False, inline="always")
def _widened(bits):  # type: ignore[no-untyped-def]
    return np.uint32(np.uint32(bits) << np.uint32(16)).view(np.float32)


@kernel(cached=False, inline="always")
def _rounded(number):  # type: ignore[no-untyped-def]
    """Round to the nearest bfloat16, ties to the even one."""
    bits = np.float32(number).view(np.uint32)
    last = np.uint32(np.uint32(bits >> np.uint32(16)) & np.uint32(1))
    return np.uint16(np.uint32(bits + np.uint32(0x7FFF) + last) >> np.uint32(16))


@overload(load, inline="always")
def _load(value):  # type: ignore[no-untyped-def]
    if value == types.uint16:
        return lambda value: _widened(value)
    return lambda value: value


@overload(store, inline="always")
def _store(number, place):  # type: ignore[no-untyped-def] # noqa: ARG001
    if place == types.uint16:
        return lambda number, place: _rounded(number)  # noqa: ARG005
    return lambda number, place: number  # noqa: ARG005
