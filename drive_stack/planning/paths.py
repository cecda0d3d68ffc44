"""Lateral candidates: quintics over the distance along the lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import ReferenceLine
from drive_stack.planning.polynomials import derivative, evaluate, quintic
from drive_stack.types import FloatArray

SECONDS = (2.5, 3.5, 5.0)  # a path settles after this long at the present speed
SHORTEST = 14.0  # [m]


@dataclass(frozen=True, slots=True)
class LateralState:
    """Lateral [m] and its first and second derivative by station."""

    offset: float
    slope: float
    bend: float


@dataclass(frozen=True, slots=True)
class Paths:
    """``L`` paths beside a reference line, each settling on a lateral after a length."""

    coefficients: FloatArray  # (L, 6) of lateral over station
    target: FloatArray  # (L,) [m]
    length: FloatArray  # (L,) [m]

    def select(self, rows: Sequence[int]) -> Paths:
        """Some of them."""
        pick = np.asarray(rows, dtype=np.int64)
        return Paths(self.coefficients[pick], self.target[pick], self.length[pick])

    def lateral(self, station: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Lateral, slope and bend at stations ``(L, ...)``; beyond its length a path keeps its target."""
        within, settled = np.minimum(station, self._upto(station)), station >= self._upto(station)
        first = derivative(self.coefficients)
        second = derivative(first)
        return (
            evaluate(self.coefficients, within),
            np.where(settled, 0.0, evaluate(first, within)),
            np.where(settled, 0.0, evaluate(second, within)),
        )

    def offset(self, station: FloatArray) -> FloatArray:
        """The lateral alone."""
        return evaluate(self.coefficients, np.minimum(station, self._upto(station)))

    def _upto(self, station: FloatArray) -> FloatArray:
        """The lengths, shaped as stations ``(L, ...)`` are."""
        return self.length.reshape((len(self.length),) + (1,) * (station.ndim - 1))


def lateral_paths(
    state: LateralState,
    targets: FloatArray,
    speed: float,
    going_on: tuple[float, float] | None,
    *,
    shortest: bool = False,
) -> Paths:
    """Paths to every target in several lengths, or only the ``shortest``, and the last chosen one carried on.

    ``going_on`` is its target and what is left of its length; the rest of a quintic is the quintic
    of the rest, so carrying on changes nothing.
    """
    lengths = np.maximum(np.array(SECONDS) * speed, SHORTEST * np.array([1.0, 1.3, 1.7]))
    ends, spans = (grid.ravel() for grid in np.meshgrid(targets, lengths[:1] if shortest else lengths))
    if going_on is not None and going_on[1] > 2.0:
        ends, spans = np.append(ends, going_on[0]), np.append(spans, going_on[1])
    return Paths(quintic((state.offset, state.slope, state.bend), ends, spans), ends, spans)


def path_curvature(
    line_curvature: FloatArray, lateral: FloatArray, slope: FloatArray, bend: FloatArray
) -> FloatArray:
    """Curvature [1/m] of a path beside a line: Werling et al. 2010, appendix, for slowly varying κ_line."""
    scale = np.maximum(1.0 - line_curvature * lateral, 0.2)
    angle = np.arctan2(slope, scale)
    cos = np.cos(angle)
    bent = (bend + line_curvature * slope * np.tan(angle)) * cos**2 / scale
    return np.asarray((bent + line_curvature) * cos / scale, dtype=np.float64)


def path_poses(
    line: ReferenceLine, path: Paths, station: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points ``(T, 2)`` [m], headings and curvatures ``(T,)`` of a single path at stations ``(T,)``."""
    lateral, slope, bend = (value[0] for value in path.lateral(station[None, :]))
    points, heading = line.to_plane(station, lateral)
    kappa = line.curvature_at(station)
    turned = np.arctan2(slope, np.maximum(1.0 - kappa * lateral, 0.2))
    return points, heading + turned, path_curvature(kappa, lateral, slope, bend)
