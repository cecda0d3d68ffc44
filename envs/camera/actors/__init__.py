"""Procedural meshes of vehicles, pedestrians and obstacles for the software renderer."""

from .obstacles import build_obstacle
from .parts import Detail
from .pedestrians import build_pedestrian
from .shadows import SHADOW_REACH, ShadowNodes
from .vehicle_mesh import vehicle_mesh
from .vehicle_nodes import Placement, SceneLight, VehicleNodes
from .walkers import WalkerModel, build_walker

__all__ = [
    "SHADOW_REACH",
    "Detail",
    "Placement",
    "SceneLight",
    "ShadowNodes",
    "VehicleNodes",
    "WalkerModel",
    "build_obstacle",
    "build_pedestrian",
    "build_walker",
    "vehicle_mesh",
]
