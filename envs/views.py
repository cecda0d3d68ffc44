"""Converts the state of the world into the inputs of contact detection and of the pedestrians."""

from __future__ import annotations

import numpy as np

from drive_stack.types import ContactKind
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState, ObstacleStates, VehicleStates

from .contacts import Shapes
from .overlap import count_touching
from .pedestrians import EgoView, Pedestrians, VehicleBodies
from .traffic import Traffic


def collision_shapes(traffic: Traffic, pedestrians: Pedestrians, obstacles: ObstacleStates) -> Shapes:
    """Return everything that the ego can hit: vehicles, then pedestrians, then obstacles."""
    ids, poses, speeds, lengths, widths = traffic.footprints()
    n_vehicles, n_pedestrians, n_obstacles = len(ids), len(pedestrians.specs), len(obstacles.id)
    no_radius = np.zeros(n_vehicles)
    vehicles = Shapes(ids, (ContactKind.VEHICLE,) * n_vehicles, poses, speeds, lengths, widths, no_radius)
    if not n_pedestrians and not n_obstacles:
        return vehicles
    feet, yaw = pedestrians.xy()
    no_size, zeros = np.zeros(n_pedestrians), np.zeros(n_obstacles)
    pedestrian_ids = np.array([spec.id for spec in pedestrians.specs], dtype=np.int64)
    obstacle_poses = np.stack([obstacles.x, obstacles.y, obstacles.yaw], axis=1)
    kinds = (ContactKind.PEDESTRIAN,) * n_pedestrians + (ContactKind.OBJECT,) * n_obstacles
    return Shapes(
        id=np.concatenate([ids, pedestrian_ids, obstacles.id]),
        kind=vehicles.kind + kinds,
        pose=np.concatenate([poses, np.column_stack([feet, yaw]), obstacle_poses]),
        speed=np.concatenate([speeds, pedestrians.speed, zeros]),
        length=np.concatenate([lengths, no_size, obstacles.length]),
        width=np.concatenate([widths, no_size, obstacles.width]),
        radius=np.concatenate([no_radius, pedestrians.radius, zeros]),
    )


def count_traffic_contacts(shapes: Shapes) -> int:
    """Number of pairs of vehicles, or of a vehicle and a pedestrian, that touch; 0 in a correct world."""
    n_vehicles = shapes.kind.count(ContactKind.VEHICLE)
    pedestrians = slice(n_vehicles, n_vehicles + shapes.kind.count(ContactKind.PEDESTRIAN))
    pairs = count_touching(
        shapes.pose[:n_vehicles], shapes.length[:n_vehicles], shapes.width[:n_vehicles],
        shapes.pose[pedestrians], shapes.radius[pedestrians],
    )  # fmt: skip
    return int(pairs)


def ego_view(ego: EgoState, car: VehicleParameters) -> EgoView:
    """Return the ego's bumpers, lateral and speed on the road."""
    front = ego.station + car.length - car.rear_overhang
    return EgoView(front, front - car.length, ego.lateral, ego.speed)


def vehicle_bodies(vehicles: VehicleStates, ego: EgoState, car: VehicleParameters) -> VehicleBodies:
    """Return all vehicles in road coordinates; the ego is the last row."""
    return VehicleBodies(
        station=np.append(vehicles.station, ego.station + car.centre_ahead),
        lateral=np.append(vehicles.lateral, ego.lateral),
        speed=np.append(vehicles.speed, ego.speed),
        length=np.append(vehicles.length, car.length),
        width=np.append(vehicles.width, car.width),
        is_ego=np.append(np.zeros(len(vehicles.id), dtype=np.bool_), True),
    )
