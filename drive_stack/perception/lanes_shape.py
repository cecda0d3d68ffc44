"""The shape of the road ahead as a state of eleven numbers, and the positions of its lines.

State: offset of the rear axle to the left of the ego lane's centre [m], heading of the ego relative to the
lane [rad], curvature of the lane at fixed distances ahead of the ego [1/m] (linear between them, constant
outside), widths of the ego, left and right lanes [m]. Unlike a single clothoid (Dickmanns & Mysliwetz, 1992),
curvatures at knots also represent the step from a straight to an arc and an S-bend.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drive_stack.types import FloatArray, LanePath

OFFSET, HEADING = 0, 1
KNOTS = np.array([0.0, 15.0, 30.0, 50.0, 75.0, 105.0])  # [m]
CURVATURES = slice(2, 2 + len(KNOTS))
WIDTH, LEFT_WIDTH, RIGHT_WIDTH = 8, 9, 10
SIZE = 11

BEHIND, AHEAD, STEP = 6.0, 130.0, 2.0  # of the sampled centre line [m]
STATIONS = np.arange(-BEHIND, AHEAD + STEP, STEP)
_AT_EGO = int(np.argmin(np.abs(STATIONS)))
# laterals of the four boundaries from the ego lane's centre are linear in the widths
_EDGES = np.array([[0.5, 1.0, 0.0], [0.5, 0.0, 0.0], [-0.5, 0.0, 0.0], [-0.5, 0.0, -1.0]])


def _interpolation_weights(at: FloatArray) -> FloatArray:
    """Weights ``(len(at), knots)`` that interpolate values at the knots linearly at distances ``at`` [m]."""
    return np.stack([np.interp(at, KNOTS, row) for row in np.eye(len(KNOTS))], axis=1)


_CURVATURE_WEIGHTS = _interpolation_weights(STATIONS)  # curvatures at the knots → curvature at each station


def _heading_weights() -> FloatArray:
    """Curvatures at the knots → heading change from the ego to each station, by the trapezoidal rule."""
    steps = 0.5 * STEP * (_CURVATURE_WEIGHTS[1:] + _CURVATURE_WEIGHTS[:-1])
    gained = np.concatenate([np.zeros((1, len(KNOTS))), np.cumsum(steps, axis=0)])
    return np.asarray(gained - gained[_AT_EGO], dtype=np.float64)


_HEADING_WEIGHTS = _heading_weights()


def centre_lines(states: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """x, y [m] and heading [rad] in the ego frame, each ``(N, len(STATIONS))``, of states ``(N, 11)``."""
    heading = states[:, CURVATURES] @ _HEADING_WEIGHTS.T - states[:, HEADING, None]
    centre = 0.5 * (heading[:, 1:] + heading[:, :-1])
    zero = np.zeros((len(states), 1))
    x = np.concatenate([zero, np.cumsum(STEP * np.cos(centre), axis=1)], axis=1)
    y = np.concatenate([zero, np.cumsum(STEP * np.sin(centre), axis=1)], axis=1)
    # the rear axle is `offset` left of the centre, at right angles to the lane
    offset, turned = states[:, OFFSET, None], states[:, HEADING, None]
    x += -offset * np.sin(turned) - x[:, _AT_EGO, None]
    y += -offset * np.cos(turned) - y[:, _AT_EGO, None]
    return x, y, heading


def edge_offsets(states: FloatArray) -> FloatArray:
    """Laterals ``(N, 4)`` [m] of the boundaries relative to the ego lane's centre, left to right."""
    return np.asarray(states[:, WIDTH : RIGHT_WIDTH + 1] @ _EDGES.T, dtype=np.float64)


def boundaries(states: FloatArray, anchors: FloatArray) -> FloatArray:
    """Ego-frame y ``(N, 4, len(anchors))`` [m] of the boundaries at the distances ``anchors`` ahead."""
    x, y, heading = centre_lines(states)
    laterals = np.empty((len(states), 4, len(anchors)))
    _interpolate_at_anchors(x, y, heading, edge_offsets(states), anchors, laterals)
    return laterals


@njit(cache=True)
def _interpolate_at_anchors(  # type: ignore[no-untyped-def]
    x, y, heading, edges, anchors, laterals
):
    """Offset the centre lines and interpolate them as `numpy.interp` does; x increases along each line."""
    last = x.shape[1] - 1
    for row in range(x.shape[0]):
        for index in range(edges.shape[1]):
            edge = edges[row, index]
            for column, anchor in enumerate(anchors):
                low, high = 0, last
                while high - low > 1:
                    centre = (low + high) // 2
                    if x[row, centre] - edge * math.sin(heading[row, centre]) <= anchor:
                        low = centre
                    else:
                        high = centre
                x0 = x[row, low] - edge * math.sin(heading[row, low])
                x1 = x[row, high] - edge * math.sin(heading[row, high])
                y0 = y[row, low] + edge * math.cos(heading[row, low])
                y1 = y[row, high] + edge * math.cos(heading[row, high])
                if anchor <= x0:
                    laterals[row, index, column] = y0
                elif anchor >= x1:
                    laterals[row, index, column] = y1
                else:
                    laterals[row, index, column] = y0 + (y1 - y0) / (x1 - x0) * (anchor - x0)


def jacobian(state: FloatArray, anchors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Boundaries ``(4, R)`` of one state and their derivatives ``(4, R, 11)`` by finite differences."""
    steps = np.full(SIZE, 1e-3)
    steps[HEADING], steps[CURVATURES] = 1e-4, 1e-6
    lines = boundaries(np.concatenate([state[None], state + np.diag(steps)]), anchors)
    return lines[0], np.moveaxis((lines[1:] - lines[0]) / steps[:, None, None], 0, -1)


def lateral_sigma(covariance: FloatArray) -> FloatArray:
    """Lateral standard deviation ``(len(STATIONS),)`` [m] of the centre line, to first order."""
    drift = np.concatenate([np.zeros((1, len(KNOTS))), np.cumsum(STEP * _HEADING_WEIGHTS[:-1], axis=0)])
    drift -= drift[_AT_EGO]
    gain = np.concatenate([-np.ones((len(STATIONS), 1)), -STATIONS[:, None], drift], axis=1)
    inner = covariance[: CURVATURES.stop, : CURVATURES.stop]
    return np.asarray(np.sqrt(np.einsum("si,ij,sj->s", gain, inner, gain)), dtype=np.float64)


def motion(state: FloatArray, travelled: float, turned: float) -> tuple[FloatArray, FloatArray]:
    """State after the ego drove ``travelled`` [m] and turned ``turned`` [rad]; its Jacobian (11, 11)."""
    shift = _interpolation_weights(KNOTS + travelled)
    moved, gain = state.copy(), np.eye(SIZE)
    kappa = float(state[CURVATURES.start])
    moved[OFFSET] += travelled * float(np.sin(state[HEADING] + 0.5 * turned - 0.5 * kappa * travelled))
    moved[HEADING] += turned - 0.5 * travelled * float((np.eye(len(KNOTS))[0] + shift[0]) @ state[CURVATURES])
    moved[CURVATURES] = shift @ state[CURVATURES]
    gain[OFFSET, HEADING] = travelled
    gain[HEADING, CURVATURES] = -0.5 * travelled * (np.eye(len(KNOTS))[0] + shift[0])
    gain[CURVATURES, CURVATURES] = shift
    return moved, gain


def lane_path(state: FloatArray, ahead: float) -> LanePath:
    """The ego lane's centre line from `BEHIND` to ``ahead`` [m]."""
    x, y, heading = (values[0] for values in centre_lines(state[None]))
    count = max(int(np.searchsorted(STATIONS, ahead, side="right")), _AT_EGO + 2)
    return LanePath(
        station=STATIONS[:count].copy(),
        xy=np.stack([x, y], axis=1)[:count],
        heading=heading[:count],
        curvature=(_CURVATURE_WEIGHTS @ state[CURVATURES])[:count],
    )
