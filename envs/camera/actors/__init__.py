"""Meshes of vehicles, people and obstacles, made by code, for the software renderer."""

from envs.camera.actors.parts import Lamp, LampKind
from envs.camera.actors.vehicles import VehicleModel, build_vehicle

__all__ = ["Lamp", "LampKind", "VehicleModel", "build_vehicle"]
