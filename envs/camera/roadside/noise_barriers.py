"""Noise barriers: walls of panels between posts along the road."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from drive_stack.road.scenery import BarrierColour, NoiseBarrier, OppositeCarriageway
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray

from .solids import Frame, Solids

DISTANCE = 2.4  # from the pavement [m]
_PAINTS = MappingProxyType(
    {
        BarrierColour.CONCRETE: (164.0, 160.0, 150.0),
        BarrierColour.GREEN: (92.0, 124.0, 92.0),
        BarrierColour.TIMBER: (136.0, 104.0, 74.0),
        BarrierColour.RED: (156.0, 58.0, 46.0),
    }
)
_PLINTH, _PLINTH_PAINT = 0.7, (132.0, 130.0, 126.0)  # height [m]
_CAP = 0.25  # height [m]
_POST, _POST_PAINT = 0.22, (92.0, 96.0, 98.0)  # width [m]
_PANEL = 5.0  # length [m]


def panel_joints(
    road: RoadMap,
    barrier: NoiseBarrier,
    opposite: OppositeCarriageway | None,
    span: tuple[float, float],
) -> tuple[FloatArray, FloatArray]:
    """Return stations and laterals (P, 2) of both ends of the panels that begin between two stations [m].

    The order of the ends is that of a front towards the road.
    """
    low, high = (np.ceil((station - barrier.start) / _PANEL) for station in span)
    starts = barrier.start + _PANEL * np.arange(max(low, 0.0), high)
    starts = starts[starts < barrier.end - 0.5]
    joints: FloatArray = np.stack([starts, np.minimum(starts + _PANEL, barrier.end)], axis=1)
    laterals = np.array([[_lateral(road, opposite, barrier, s) for s in pair] for pair in joints.tolist()])
    laterals = laterals.reshape(joints.shape)
    return (joints, laterals) if barrier.side < 0 else (joints[:, ::-1], laterals[:, ::-1])


def add_noise_barrier(
    solids: Solids,
    road: RoadMap,
    barrier: NoiseBarrier,
    opposite: OppositeCarriageway | None,
    span: tuple[float, float],
) -> None:
    """Add the part of a wall that begins between two stations [m]. On the left it is beyond both roads."""
    joints, laterals = panel_joints(road, barrier, opposite, span)
    if len(joints) == 0:
        return
    paint = np.array(_PAINTS[barrier.colour])
    world = Frame(np.zeros(3), 0.0)
    for low, high, colour in (
        (-0.3, _PLINTH, _PLINTH_PAINT),
        (_PLINTH, barrier.height - _CAP, paint),
        (barrier.height - _CAP, barrier.height, 0.8 * paint),
    ):
        panels = road.to_space(
            joints[:, [1, 0, 0, 1]], laterals[:, [1, 0, 0, 1]], np.array([low, low, high, high])
        )
        solids.add(world, panels, colour)
    across = _POST / 2.0 * np.array([1.0, -1.0, -1.0, 1.0]) * -barrier.side
    levels = np.array([-0.3, -0.3, barrier.height, barrier.height])
    inward = laterals[:, :1] - barrier.side * 0.04
    solids.add(world, road.to_space(joints[:, :1] + across, inward, levels), _POST_PAINT)


def _lateral(
    road: RoadMap, opposite: OppositeCarriageway | None, barrier: NoiseBarrier, station: float
) -> float:
    right, left = road.paved(float(np.clip(station, 0.0, road.length)))
    if barrier.side < 0:
        return right - DISTANCE
    return (left if opposite is None else opposite.outer_edge) + DISTANCE
