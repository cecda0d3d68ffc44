"""Builders of all vehicles' bodies, and their parts at a requested size."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import MappingProxyType

from ...bodies import BODIES
from . import car_shapes, large_vehicles, parts, unusual_vehicles
from .cars import CarLoft
from .parts import Build, Detail, VehicleParts


def _car(shape: car_shapes.CarShape) -> Callable[[Build], VehicleParts]:
    return lambda build: CarLoft(shape, build).parts()


BUILDERS = MappingProxyType(
    {
        "hatchback": _car(car_shapes.HATCHBACK),
        "sedan": _car(car_shapes.SEDAN),
        "suv": _car(car_shapes.SUV),
        "estate": _car(car_shapes.ESTATE),
        "van": _car(car_shapes.VAN),
        "pickup": _car(car_shapes.PICKUP),
        "roadster": _car(car_shapes.ROADSTER),
        "box_truck": large_vehicles.box_truck,
        "semi_trailer": large_vehicles.semi_trailer,
        "bus": large_vehicles.bus,
        "tanker": large_vehicles.tanker,
        "motorcycle": unusual_vehicles.motorcycle,
        "police_car": unusual_vehicles.police_car,
        "overturned_car": unusual_vehicles.overturned_car,
    }
)


@lru_cache(maxsize=64)
def vehicle_parts(
    body_index: int,
    colour: tuple[float, float, float],
    length: float,
    width: float,
    height: float,
    *,
    detail: Detail = Detail.NEAR,
) -> VehicleParts:
    """Build the meshes of a vehicle that fill ``length × width × height`` [m], without mirrors."""
    build = Build(length, width, height, colour, detail)
    return parts.fit(BUILDERS[BODIES[body_index].name](build), length, width, height)
