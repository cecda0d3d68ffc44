"""Models of all that moves like a pedestrian."""

from __future__ import annotations

from typing import TypeAlias

from drive_stack.world_state import PedestrianStates, WalkerKind

from .animals import AnimalModel
from .pedestrians import PedestrianModel, build_pedestrian
from .riders import RiderModel

WalkerModel: TypeAlias = PedestrianModel | RiderModel | AnimalModel


def build_walker(walkers: PedestrianStates, row: int) -> WalkerModel:
    """Build the model of one row."""
    kind, height = WalkerKind(int(walkers.kind[row])), float(walkers.height[row])
    if kind is WalkerKind.PERSON:
        return build_pedestrian(height, bool(walkers.child[row]), walkers.clothes[row])
    length, width = float(walkers.length[row]), float(walkers.width[row])
    if kind in (WalkerKind.CYCLIST, WalkerKind.WHEELCHAIR):
        return RiderModel(kind, (length, width, height), walkers.clothes[row])
    return AnimalModel(kind, length, width, height)
