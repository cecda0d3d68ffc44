"""Reading type hints at run time."""

from __future__ import annotations

from typing import get_origin

import numpy as np


def is_array(hint: object) -> bool:
    """Return whether a type hint, such as ``NDArray[np.float64]``, is that of a numpy array.

    NumPy 2.5 made ``NDArray`` a `TypeAliasType`, whose value is the array's type.
    """
    origin = get_origin(hint)
    return np.ndarray in (origin, get_origin(getattr(origin, "__value__", None)))
