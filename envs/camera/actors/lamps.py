"""Which lamps of vehicles are lit at a moment, and in which colour."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import ObjectClass
from drive_stack.world_state import VehicleStates

from .parts import LampKind

LAMPS = tuple(LampKind)
_HEAD, _TAIL, _LEFT, _RIGHT, _BLUE = range(len(LAMPS))
DARK_GLASS = MappingProxyType(
    {
        LampKind.HEAD: (0.78, 0.80, 0.84),
        LampKind.TAIL: (0.46, 0.035, 0.04),
        LampKind.LEFT: (0.62, 0.30, 0.06),
        LampKind.RIGHT: (0.62, 0.30, 0.06),
        LampKind.BLUE: (0.08, 0.14, 0.46),
    }
)
_BLINK_PERIOD = 0.8  # period of indicators [s]
_FLASH_PERIOD = 0.4  # period of the blue lights of emergency vehicles [s]
_TAIL_RUNNING = np.array([0.72, 0.05, 0.05], dtype=np.float32)
_LIT = np.array(  # of each kind in `LAMPS`; the tail lamps' are those of braking
    [(1.0, 0.98, 0.90), (1.0, 0.16, 0.10), (1.0, 0.66, 0.10), (1.0, 0.66, 0.10), (0.35, 0.55, 1.0)],
    dtype=np.float32,
)


def lamp_colours(
    vehicles: VehicleStates, time: float, *, lamps_on: bool
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return which lamps are lit (N, 5), in the order of `LAMPS`, and their colours then (N, 5, 3) 0 … 1.

    Args:
        vehicles: The vehicles, one row each.
        time: Time in the episode, which indicators and blue lights follow [s].
        lamps_on: Whether all vehicles drive with headlamps, which turn on the tail lamps too.
    """
    blink = time % _BLINK_PERIOD < _BLINK_PERIOD / 2.0
    flash = time % _FLASH_PERIOD < _FLASH_PERIOD / 2.0
    side, brake = vehicles.indicator, vehicles.brake_lamp
    lit = np.zeros((len(side), len(LAMPS)), dtype=np.bool_)
    colours = np.empty((len(side), *_LIT.shape), dtype=np.float32)
    colours[:] = _LIT
    colours[~brake, _TAIL] = _TAIL_RUNNING
    lit[:, _TAIL] = brake
    if lamps_on:
        lit[:, _HEAD] = ~vehicles.unlit
        lit[:, _TAIL] |= lit[:, _HEAD]
    if blink:
        lit[:, _LEFT] = (side == -1) | (side == 2)
        lit[:, _RIGHT] = side > 0
    if flash:
        lit[:, _BLUE] = vehicles.label == ObjectClass.EMERGENCY_VEHICLE
    return lit, colours
