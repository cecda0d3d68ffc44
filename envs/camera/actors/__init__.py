"""Procedural meshes of vehicles, pedestrians and obstacles for the software renderer."""

from envs.camera.actors.obstacles import build_obstacle
from envs.camera.actors.parts import Detail, LampKind
from envs.camera.actors.pedestrians import PedestrianModel, build_pedestrian
from envs.camera.actors.vehicles import VehicleModel, build_vehicle

__all__ = [
    "Detail",
    "LampKind",
    "PedestrianModel",
    "VehicleModel",
    "build_obstacle",
    "build_pedestrian",
    "build_vehicle",
]
