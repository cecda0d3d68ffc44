"""Selection and concatenation of the rows of vehicle states."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from drive_stack.world_state import VehicleStates

_FIELDS = tuple(field.name for field in fields(VehicleStates))


def select_vehicles(vehicles: VehicleStates, rows: NDArray[np.int64]) -> VehicleStates:
    """Return the vehicles in ``rows`` (M,) as copies."""
    return VehicleStates(**{name: getattr(vehicles, name)[rows] for name in _FIELDS})


def concatenate_vehicles(*groups: VehicleStates) -> VehicleStates:
    """Return the vehicles of all groups in turn."""
    return VehicleStates(
        **{name: np.concatenate([getattr(group, name) for group in groups]) for name in _FIELDS}
    )
