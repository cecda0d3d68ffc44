"""The shape of the road ahead as a state of sixteen numbers, and the positions of its lines in the view.

State: offset of the rear axle to the left of the ego lane's centre [m], heading of the ego relative to the
lane [rad], curvature of the lane at fixed distances ahead of the ego [1/m] (linear between them, constant
outside), widths of the ego, left and right lanes [m]; then the state of the ground, see `ground_shape`: pitch
of the camera [rad], vertical curvature of the road [1/m]. All of the latter is 0 on a level road. Unlike a
single clothoid (Dickmanns & Mysliwetz, 1992), curvatures at knots also represent the step from a straight to
an arc and an S-bend.
"""

from __future__ import annotations

import math

import numpy as np

from drive_stack.perception.ground_shape import (
    MAX_SCALE,
    VERTICAL_KNOTS,
    GroundView,
    height_weights,
    integrated_from_ego,
    interpolation_weights,
)
from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray, LanePath

OFFSET, HEADING = 0, 1
KNOTS = np.array([0.0, 15.0, 30.0, 50.0, 75.0, 105.0])  # [m]
CURVATURES = slice(2, 2 + len(KNOTS))
WIDTH, LEFT_WIDTH, RIGHT_WIDTH = 8, 9, 10
LEVEL_SIZE = 11  # of the part of the state that does not concern the ground
PITCH = 11
VERTICAL = slice(12, 12 + len(VERTICAL_KNOTS))
SIZE = VERTICAL.stop

BEHIND, AHEAD, STEP = 6.0, 130.0, 2.0  # of the sampled centre line [m]
STATIONS = np.arange(-BEHIND, AHEAD + STEP, STEP)
_AT_EGO = int(np.argmin(np.abs(STATIONS)))
# laterals of the four boundaries from the ego lane's centre are linear in the widths
_EDGES = np.array([[0.5, 1.0, 0.0], [0.5, 0.0, 0.0], [-0.5, 0.0, 0.0], [-0.5, 0.0, -1.0]])


_CURVATURE_WEIGHTS = interpolation_weights(
    STATIONS, KNOTS
)  # curvatures at the knots → curvature at each station
# curvatures at the knots → heading change from the ego to each station
_HEADING_WEIGHTS = integrated_from_ego(_CURVATURE_WEIGHTS, STATIONS)
HEIGHT_WEIGHTS = height_weights(STATIONS)  # vertical curvatures at the knots → height at each station


def centre_lines(states: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """x, y [m] and heading [rad] in the ego frame, each ``(N, len(STATIONS))``, of states ``(N, SIZE)``."""
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


def boundaries(states: FloatArray, anchors: FloatArray, view: GroundView) -> FloatArray:
    """Laterals ``(N, 4, len(anchors))`` [m] at which the boundaries appear at apparent distances ``anchors``.

    They are NaN where the state has no such line: beyond `AHEAD`, the horizon or a crest.
    """
    x, y, heading = centre_lines(states)
    heights = states[:, VERTICAL] @ HEIGHT_WEIGHTS.T
    laterals = np.full((len(states), 4, len(anchors)), np.nan)
    _interpolate_at_anchors(
        x, y, heading, heights, states[:, PITCH], edge_offsets(states), anchors, view.mount_x, view.height,
        laterals,
    )  # fmt: skip
    return laterals


@kernel()
def _interpolate_at_anchors(  # type: ignore[no-untyped-def]
    x, y, heading, heights, pitches, edges, anchors, mount_x, height, laterals
):
    """Offset the centre lines, move them to where they appear, and interpolate them at the anchors.

    Apparent distances increase along each line until the first point that is hidden or at the horizon.
    """
    for row in range(x.shape[0]):
        pitch = pitches[row]
        for index in range(edges.shape[1]):
            edge, column = edges[row, index], 0
            x0 = y0 = 0.0
            for point in range(x.shape[1]):
                ahead = x[row, point] - edge * math.sin(heading[row, point]) - mount_x
                below = height - heights[row, point] - pitch * ahead
                if below * MAX_SCALE < height:
                    break
                scale = height / below
                x1 = mount_x + scale * ahead
                y1 = scale * (y[row, point] + edge * math.cos(heading[row, point]))
                if point > 0 and x1 <= x0:
                    break
                while column < len(anchors) and anchors[column] <= x1:
                    if point == 0:
                        laterals[row, index, column] = y1
                    else:
                        fraction = (anchors[column] - x0) / (x1 - x0)
                        laterals[row, index, column] = y0 + (y1 - y0) * fraction
                    column += 1
                x0, y0 = x1, y1


def jacobian(
    state: FloatArray, anchors: FloatArray, view: GroundView, size: int = SIZE
) -> tuple[FloatArray, FloatArray]:
    """Boundaries ``(4, R)`` of one state and their derivatives ``(4, R, size)`` by finite differences.

    The derivatives are those with respect to the first ``size`` numbers of the state.
    """
    steps = np.full(SIZE, 1e-3)
    steps[HEADING], steps[CURVATURES] = 1e-4, 1e-6
    steps[PITCH], steps[VERTICAL] = 1e-5, 1e-7
    lines = boundaries(np.concatenate([state[None], state + np.diag(steps)[:size]]), anchors, view)
    return lines[0], np.moveaxis((lines[1:] - lines[0]) / steps[:size, None, None], 0, -1)


def lateral_sigma(covariance: FloatArray) -> FloatArray:
    """Lateral standard deviation ``(len(STATIONS),)`` [m] of the centre line, to first order."""
    drift = np.concatenate([np.zeros((1, len(KNOTS))), np.cumsum(STEP * _HEADING_WEIGHTS[:-1], axis=0)])
    drift -= drift[_AT_EGO]
    gain = np.concatenate([-np.ones((len(STATIONS), 1)), -STATIONS[:, None], drift], axis=1)
    inner = covariance[: CURVATURES.stop, : CURVATURES.stop]
    return np.asarray(np.sqrt(np.einsum("si,ij,sj->s", gain, inner, gain)), dtype=np.float64)


def motion(state: FloatArray, travelled: float, turned: float) -> tuple[FloatArray, FloatArray]:
    """State after the ego drove ``travelled`` [m] and turned ``turned`` [rad]; its Jacobian (SIZE, SIZE)."""
    shift = interpolation_weights(KNOTS + travelled, KNOTS)
    moved, gain = state.copy(), np.eye(SIZE)
    kappa = float(state[CURVATURES.start])
    moved[OFFSET] += travelled * float(np.sin(state[HEADING] + 0.5 * turned - 0.5 * kappa * travelled))
    moved[HEADING] += turned - 0.5 * travelled * float((np.eye(len(KNOTS))[0] + shift[0]) @ state[CURVATURES])
    moved[CURVATURES] = shift @ state[CURVATURES]
    gain[OFFSET, HEADING] = travelled
    gain[HEADING, CURVATURES] = -0.5 * travelled * (np.eye(len(KNOTS))[0] + shift[0])
    gain[CURVATURES, CURVATURES] = shift
    vertical_shift = interpolation_weights(VERTICAL_KNOTS + travelled, VERTICAL_KNOTS)
    moved[VERTICAL] = vertical_shift @ state[VERTICAL]
    gain[VERTICAL, VERTICAL] = vertical_shift
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
