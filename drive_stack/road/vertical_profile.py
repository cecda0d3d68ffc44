"""The vertical profile of a road: constant grades, joined by vertical curves.

A vertical curve is a parabola, as road design uses it: the grade changes linearly along the road, so that the
height is z(s) = z₀ + g·(s − s₀) + (s − s₀)² / (2·R) with the radius R at its vertex (German guideline RAA:
crests R < 0, sags R > 0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.road.kernels import grade_at
from drive_stack.types import FloatArray


@dataclass(frozen=True, slots=True)
class VerticalProfile:
    """Heights along a road's reference line; all points at one station have the same height.

    The first piece has no curvature and extends to stations before its start, the last one beyond the road.
    """

    station: FloatArray  # (V,) start of each piece [m]
    height: FloatArray  # (V,) at the start [m]
    grade: FloatArray  # (V,) at the start: rise over run, positive uphill
    curvature: FloatArray  # (V,) change of the grade per metre [1/m], negative on a crest

    @property
    def grades(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The grades in the form that `drive_stack.road.kernels` takes."""
        return self.station, self.grade, self.curvature

    @property
    def is_level(self) -> bool:
        """Whether the road has no grade anywhere."""
        return not (self.grade.any() or self.curvature.any())

    def height_at(self, station: FloatArray) -> FloatArray:
        """Height above the start of the road [m], same shape as ``station``."""
        piece, along = self._locate(station)
        slope = self.grade[piece] + self.curvature[piece] * along / 2.0
        return np.asarray(self.height[piece] + slope * along, dtype=np.float64)

    def grade_at(self, station: FloatArray) -> FloatArray:
        """Rise over run, positive uphill, same shape as ``station``."""
        piece, along = self._locate(station)
        return np.asarray(self.grade[piece] + self.curvature[piece] * along, dtype=np.float64)

    def grade_at_one(self, station: float) -> float:
        """`grade_at` of a single station [m], without arrays."""
        return float(grade_at(self.grades, station))

    def curvature_at(self, station: FloatArray) -> FloatArray:
        """Change of the grade per metre [1/m], negative on a crest, same shape as ``station``."""
        return np.asarray(self.curvature[self._locate(station)[0]], dtype=np.float64)

    def _locate(self, station: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
        piece = np.clip(np.searchsorted(self.station, station, side="right") - 1, 0, len(self.station) - 1)
        return piece, station - self.station[piece]


def build_profile(changes: tuple[tuple[float, float, float], ...]) -> VerticalProfile:
    """Build a profile that is level up to the first change.

    Args:
        changes: Begin of a vertical curve [m], the grade after it, and its radius [m] > 0, in driving order.
            A curve must end before the next begins.
    """
    pieces = [(0.0, 0.0, 0.0, 0.0)]
    for begin, grade, radius in changes:
        start, height, slope, _ = pieces[-1]
        height += slope * (begin - start)
        curve = (grade - slope) * radius  # signed length of the curve
        curvature = float(np.sign(curve)) / radius
        if curvature:
            pieces.append((begin, height, slope, curvature))
            height += (slope + grade) / 2.0 * abs(curve)
        pieces.append((begin + abs(curve), height, grade, 0.0))
    # contiguous, so that kernels always receive arrays of the same memory layout
    station, heights, grades, curvatures = np.ascontiguousarray(np.array(pieces).T)
    return VerticalProfile(station, heights, grades, curvatures)


LEVEL = build_profile(())
