"""Procedural meshes of vehicles, pedestrians and obstacles for the software renderer."""

from .obstacles import build_obstacle
from .parts import Detail, LampKind
from .pedestrians import build_pedestrian
from .vehicles import VehicleModel, build_vehicle
from .walkers import WalkerModel, build_walker

__all__ = [
    "Detail",
    "LampKind",
    "VehicleModel",
    "WalkerModel",
    "build_obstacle",
    "build_pedestrian",
    "build_vehicle",
    "build_walker",
]
