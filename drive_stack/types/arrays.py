"""Arrays: images and floating-point numbers."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
FloatArray: TypeAlias = NDArray[np.float64]
