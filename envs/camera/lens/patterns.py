"""Static patterns of water drops, dirt and smear on the camera's lens, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.types import FloatArray
from drive_stack.world_state import Optics

_MAX_COVER = 0.34  # fraction of the picture that drops cover at strength 1
_MAX_DROPS = 400  # overlapping drops may never reach the cover
_DROP_RADIUS = 6.0, 26.0  # [px at a width of 640]
_DROP_MAGNIFICATION = -2.2  # a drop shows a wide picture of the scene, upside down
_DIRT_SPOTS = 90  # at strength 1
_MAX_DIRT = 0.85  # fraction of the light that dirt absorbs


@dataclass(frozen=True, slots=True)
class LensPattern:
    """Each pixel is a blend of the sharp picture and of a soft one that is taken from another place."""

    soft: NDArray[np.float32]  # weight of the soft picture (H, W), 0 … 1
    source_x: NDArray[np.float32]  # column of the soft picture's pixel (H, W)
    source_y: NDArray[np.float32]  # row (H, W)
    absorbed: NDArray[np.float32]  # fraction of the light that dirt absorbs (H, W)


def draw_pattern(shape: tuple[int, int], optics: Optics, rng: np.random.Generator) -> LensPattern:
    """Draw the pattern of an episode for pictures of ``shape`` (H, W)."""
    height, width = shape
    source_y, source_x = (grid.astype(np.float32) for grid in np.mgrid[0:height, 0:width])
    smear = _smear(shape, optics.smear, rng)
    drops = _drops(shape, optics.drops, rng, source_x, source_y)
    return LensPattern(np.maximum(smear, drops), source_x, source_y, _dirt(shape, optics.dirt, rng))


def _drops(shape: tuple[int, int], strength: float, rng: np.random.Generator,
           source_x: NDArray[np.float32], source_y: NDArray[np.float32]) -> NDArray[np.float32]:  # fmt: skip
    """Return the weight of drops (H, W), and write the places that they show into the sources."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width]
    weight = np.zeros(shape)
    for _ in range(_MAX_DROPS):
        if strength == 0.0 or weight.mean() >= strength * _MAX_COVER:
            break
        radius = rng.uniform(*_DROP_RADIUS) * width / 640.0
        centre_x, centre_y = rng.uniform(0.0, width), rng.uniform(0.0, height)
        tall = rng.uniform(1.0, 1.25)
        distance = np.hypot(x - centre_x, (y - centre_y) / tall) / radius
        inside = distance < 1.0
        source_x[inside] = (centre_x + _DROP_MAGNIFICATION * (x - centre_x))[inside]
        source_y[inside] = (centre_y + _DROP_MAGNIFICATION * (y - centre_y))[inside]
        weight = np.maximum(weight, np.clip(3.0 * (1.0 - distance), 0.0, 1.0))
    return weight.astype(np.float32)


def _smear(shape: tuple[int, int], strength: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the weight of grease in arcs around a wiper's axis below the picture (H, W)."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width]
    radius = np.hypot(x - width * rng.uniform(0.3, 0.7), y - 1.6 * height)
    lines = cv2.GaussianBlur(rng.uniform(0.0, 1.0, (1, int(radius.max()) + 2)), (0, 0), 3.0)[0]
    lines = (lines - lines.min()) / np.ptp(lines)
    weight: FloatArray = strength * (0.35 + 0.65 * lines[radius.astype(np.int64)])
    return weight.astype(np.float32)


def _dirt(shape: tuple[int, int], strength: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the fraction of the light that spots of dry dirt absorb (H, W); they are out of focus."""
    height, width = shape
    spots = np.zeros(shape, np.float32)
    for _ in range(round(_DIRT_SPOTS * strength)):
        place = int(rng.integers(0, width)), int(rng.integers(0, height))
        radius = max(int(rng.gamma(2.0, 4.0) * width / 640.0), 1)
        cv2.circle(spots, place, radius, float(rng.uniform(0.4, 1.0)), -1)
    blurred = cv2.GaussianBlur(spots, (0, 0), 3.5 * width / 640.0)
    return np.asarray(_MAX_DIRT * blurred, dtype=np.float32)
