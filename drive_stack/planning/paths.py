"""Lateral candidates: quintic polynomials over the distance along the lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import ReferenceLine
from drive_stack.planning.polynomials import derivative, evaluate, quintic
from drive_stack.types import FloatArray

SETTLING_TIMES = (2.5, 3.5, 5.0)  # at the present speed [s]
MIN_LENGTH = 14.0  # of a path [m]


@dataclass(frozen=True, slots=True)
class LateralState:
    """Lateral [m] and its first and second derivatives with respect to the station."""

    offset: float  # [m]
    slope: float
    bend: float  # [1/m]


@dataclass(frozen=True, slots=True)
class Paths:
    """``L`` paths along a reference line. Each reaches its target lateral after its length."""

    coefficients: FloatArray  # (L, 6) of lateral over station
    target: FloatArray  # (L,) [m]
    length: FloatArray  # (L,) [m]

    def select(self, rows: Sequence[int]) -> Paths:
        """The paths at the indices ``rows``."""
        pick = np.asarray(rows, dtype=np.int64)
        return Paths(self.coefficients[pick], self.target[pick], self.length[pick])

    def lateral(self, station: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Lateral [m], slope and bend at stations ``(L, ...)``. Beyond its length a path keeps its target."""
        within, settled = (
            np.minimum(station, self._broadcast_length(station)),
            station >= self._broadcast_length(station),
        )
        first = derivative(self.coefficients)
        second = derivative(first)
        return (
            evaluate(self.coefficients, within),
            np.where(settled, 0.0, evaluate(first, within)),
            np.where(settled, 0.0, evaluate(second, within)),
        )

    def offset(self, station: FloatArray) -> FloatArray:
        """Lateral [m] at stations ``(L, ...)``."""
        return evaluate(self.coefficients, np.minimum(station, self._broadcast_length(station)))

    def slope(self, station: FloatArray) -> FloatArray:
        """Derivative of the lateral with respect to the station, at stations ``(L, ...)``."""
        length = self._broadcast_length(station)
        slope = evaluate(derivative(self.coefficients), np.minimum(station, length))
        return np.where(station >= length, 0.0, slope)

    def offsets(self, stations: Sequence[float]) -> list[float]:
        """Laterals [m] of a single path at each of ``stations`` [m]."""
        (laterals,) = self.offset(np.array(stations, dtype=np.float64)[None])
        values: list[float] = laterals.tolist()
        return values

    def _broadcast_length(self, station: FloatArray) -> FloatArray:
        """The lengths in a shape that broadcasts with stations ``(L, ...)``."""
        return self.length.reshape((len(self.length),) + (1,) * (station.ndim - 1))


def lateral_paths(
    state: LateralState,
    targets: FloatArray,
    speed: float,
    continuation: tuple[float, float] | None,
    *,
    shortest_only: bool = False,
) -> Paths:
    """Paths to every target in several lengths, and the continuation of the last selected path.

    Args:
        state: lateral state at the start.
        targets: laterals (N,) [m].
        speed: of the ego [m/s].
        continuation: target and remaining length of the last path [m]. The remaining part of a quintic is the
            quintic of the remaining length, so a continued path does not change.
        shortest_only: use only the shortest length for each target.
    """
    lengths = np.maximum(np.array(SETTLING_TIMES) * speed, MIN_LENGTH * np.array([1.0, 1.3, 1.7]))
    lengths = lengths[:1] if shortest_only else lengths
    ends, spans = np.tile(targets, len(lengths)), np.repeat(lengths, len(targets))
    if continuation is not None and continuation[1] > 2.0:
        ends, spans = np.append(ends, continuation[0]), np.append(spans, continuation[1])
    return Paths(quintic((state.offset, state.slope, state.bend), ends, spans), ends, spans)


def path_curvature(
    line_curvature: FloatArray, lateral: FloatArray, slope: FloatArray, bend: FloatArray
) -> FloatArray:
    """Curvature [1/m] of a path along a line: Werling et al. 2010, appendix, for slowly varying κ_line."""
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
