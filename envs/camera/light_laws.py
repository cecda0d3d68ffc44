"""The laws of light and haze, for arrays and, one point at a time, in compiled code."""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from drive_stack.types import FloatArray

from .sensing import CODE_ZERO

UPRIGHT_GAIN = 1.9  # brightness of upright things in the headlamps' beam
_MIN_LIT_DISTANCE = 20.0  # nearer things get the light of this distance [m]


def transmittance(distance: FloatArray, visibility: float) -> FloatArray:
    """Return the fraction of contrast that remains after ``distance`` [m]; 5 % at ``visibility`` [m]."""
    fraction: FloatArray = np.exp(np.log(0.05) * distance / visibility)
    return fraction


def encode_transmittance(fraction: FloatArray) -> FloatArray:
    """Return the alpha value 0 … 1 that encodes a transmittance."""
    return (CODE_ZERO + (255 - CODE_ZERO) * fraction) / 255.0


def encode_alpha(distance: FloatArray, visibility: float) -> FloatArray:
    """Return the alpha value 0 … 1 that encodes the transmittance of objects at ``distance`` [m]."""
    return encode_transmittance(transmittance(distance, visibility))


def headlamp_intensity(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the low-beam intensity 0 … 1 at points ``x`` ahead and ``y`` left of the camera [m]."""
    ahead = np.maximum(x, 0.1)
    cone = np.exp(-((y / (1.5 + 0.28 * ahead)) ** 2))
    decay = np.exp(-((ahead / 75.0) ** 2)) + 0.3 * np.exp(-ahead / 110.0)
    light: FloatArray = cone * decay * (x > 0.0)
    return light


def upright_light(ahead: float, left: float, ambient: float, gain: float) -> float:
    """Return the brightness 0 … 1 of an upright thing ``ahead`` and ``left`` of the camera [m].

    Args:
        ahead: Distance along the camera's direction [m].
        left: Distance to its left [m].
        ambient: Brightness without headlamps, 0 … 1.
        gain: Brightness in the middle of the headlamps' beam; 0 if they are off.
    """
    if gain == 0.0:
        return ambient
    beam = headlamp_intensity(np.maximum(ahead, _MIN_LIT_DISTANCE), left)  # type: ignore[arg-type]
    return min(ambient + gain * beam, 1.0)  # type: ignore[return-value]


for _law in (transmittance, encode_transmittance, encode_alpha, headlamp_intensity, upright_light):
    register_jitable(_law)  # compiled code calls it with scalars
