"""Views of the world: what contact detection, traffic and pedestrians need to know of the others."""

from __future__ import annotations

import math

import numpy as np

from drive_stack.geometry import extents
from drive_stack.rl.vector import RoadUsers
from drive_stack.types import ContactKind, ObjectClass
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState, ObstacleStates

from .contacts import Shapes
from .overlap import count_touching
from .pedestrians import EgoView, Pedestrians, VehicleBodies
from .traffic import EgoOnRoad, Traffic

CONTACT_KINDS = {
    ObjectClass.PEDESTRIAN: ContactKind.PEDESTRIAN,
    ObjectClass.CYCLIST: ContactKind.PEDESTRIAN,
    ObjectClass.WHEELCHAIR_USER: ContactKind.PEDESTRIAN,
    ObjectClass.ANIMAL: ContactKind.OBJECT,
}  # of walkers


def collision_shapes(traffic: Traffic, others: Shapes) -> Shapes:
    """Return everything that the ego can hit: vehicles, then the others."""
    ids, poses, (speeds, lengths, widths, radii) = traffic.footprints(
        (others.id, others.pose, others.speed, others.length, others.width, others.radius)
    )
    kinds = (ContactKind.VEHICLE,) * (len(ids) - len(others.id)) + others.kind
    return Shapes(ids, kinds, poses, speeds, lengths, widths, radii)


def other_shapes(pedestrians: Pedestrians, obstacles: ObstacleStates) -> Shapes:
    """Return everything that the ego can hit except vehicles: pedestrians, then obstacles."""
    zeros = np.zeros(len(obstacles.id))
    feet, yaw = pedestrians.xy()
    is_box = pedestrians.radius == 0.0
    kinds = tuple(CONTACT_KINDS[ObjectClass(label)] for label in pedestrians.label.tolist())
    pedestrian_ids = np.array([spec.id for spec in pedestrians.specs], dtype=np.int64)
    obstacle_poses = np.stack([obstacles.x, obstacles.y, obstacles.yaw], axis=1)
    return Shapes(
        id=np.concatenate([pedestrian_ids, obstacles.id]),
        kind=kinds + (ContactKind.OBJECT,) * len(zeros),
        pose=np.concatenate([np.column_stack([feet, yaw]), obstacle_poses]),
        speed=np.concatenate([pedestrians.speed, zeros]),
        length=np.concatenate([np.where(is_box, pedestrians.length, 0.0), obstacles.length]),
        width=np.concatenate([np.where(is_box, pedestrians.width, 0.0), obstacles.width]),
        radius=np.concatenate([pedestrians.radius, zeros]),
    )


def count_traffic_contacts(shapes: Shapes) -> int:
    """Number of pairs of vehicles, or of a vehicle and a person, that touch; 0 in a correct world."""
    n_vehicles = shapes.kind.count(ContactKind.VEHICLE)
    pedestrians = shapes.radius > 0.0
    pairs = count_touching(
        shapes.pose[:n_vehicles], shapes.length[:n_vehicles], shapes.width[:n_vehicles],
        shapes.pose[pedestrians], shapes.radius[pedestrians],
    )  # fmt: skip
    return int(pairs)


def ego_view(ego: EgoState, car: VehicleParameters) -> EgoView:
    """Return the ego's bumpers, lateral and speed on the road."""
    front = ego.station + car.length - car.rear_overhang
    return EgoView(front, front - car.length, ego.lateral, ego.speed)


def ego_on_road(ego: EgoState, turn: float, lane: int, car: VehicleParameters) -> EgoOnRoad:
    """Return the box along the road that contains the ego's body, which is what traffic reacts to.

    Args:
        ego: The ego.
        turn: Its yaw relative to the road's direction [rad].
        lane: Index of its lane, -1 off the lanes.
        car: Its dimensions.
    """
    length, width = extents(np.asarray(car.length), np.asarray(car.width), np.asarray(turn))
    return EgoOnRoad(
        station=ego.station + car.centre_ahead * math.cos(turn),
        lateral=ego.lateral + car.centre_ahead * math.sin(turn),
        speed=ego.speed,
        lane=lane,
        length=float(length),
        width=float(width),
    )


def vehicle_bodies(traffic: Traffic, ego: EgoState, car: VehicleParameters) -> VehicleBodies:
    """Return all vehicles in road coordinates; the ego is the last row."""
    own = np.array([ego.station + car.centre_ahead, ego.lateral, ego.speed, car.length, car.width])
    station, lateral, speed, length, width = traffic.bodies(own)
    is_ego = np.zeros(len(station), dtype=np.bool_)
    is_ego[-1] = True
    return VehicleBodies(station, lateral, speed, length, width, is_ego)


def road_users(
    shapes: Shapes, traffic: Traffic, pedestrians: Pedestrians, obstacles: ObstacleStates
) -> RoadUsers:
    """Return the shapes around the ego, which are those of the three groups, as road users."""
    vehicle_labels = traffic.labels()
    if len(vehicle_labels) == len(shapes.id):
        return RoadUsers(shapes.pose, shapes.speed, shapes.length, shapes.width, vehicle_labels)
    diameter = 2.0 * shapes.radius
    return RoadUsers(
        pose=shapes.pose,
        speed=shapes.speed,
        length=shapes.length + diameter,
        width=shapes.width + diameter,
        label=np.concatenate([vehicle_labels, pedestrians.label, obstacles.label]),
    )
