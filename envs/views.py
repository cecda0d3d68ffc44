"""The same moment as the hit tests, the people and the radar each need it."""

from __future__ import annotations

import numpy as np

from drive_stack.types import ContactKind
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState, ObstacleStates, VehicleStates
from envs.contacts import Shapes
from envs.overlap import count_touching
from envs.pedestrians import Bodies, EgoView, Pedestrians
from envs.traffic import Traffic


def shapes_of(traffic: Traffic, people: Pedestrians, obstacles: ObstacleStates) -> Shapes:
    """Everything that the ego can hit: vehicles, then people, then obstacles."""
    ids, poses, speeds, lengths, widths = traffic.placed()
    count, walkers, things = len(ids), len(people.people), len(obstacles.id)
    vehicles = Shapes(ids, (ContactKind.VEHICLE,) * count, poses, speeds, lengths, widths, np.zeros(count))
    if not walkers and not things:
        return vehicles
    feet, heading = people.xy()
    no_size, no_speed = np.zeros(walkers), np.zeros(things)
    walking = np.array([person.id for person in people.people], dtype=np.int64)
    standing = np.stack([obstacles.x, obstacles.y, obstacles.yaw], axis=1)
    kind = vehicles.kind + (ContactKind.PEDESTRIAN,) * walkers + (ContactKind.OBJECT,) * things
    return Shapes(
        id=np.concatenate([ids, walking, obstacles.id]),
        kind=kind,
        pose=np.concatenate([poses, np.column_stack([feet, heading]), standing]),
        speed=np.concatenate([speeds, people.speed, no_speed]),
        length=np.concatenate([lengths, no_size, obstacles.length]),
        width=np.concatenate([widths, no_size, obstacles.width]),
        radius=np.concatenate([vehicles.radius, people.radius, no_speed]),
    )


def touching_others(shapes: Shapes) -> int:
    """How many vehicles touch one another or a person; none should."""
    vehicles = shapes.kind.count(ContactKind.VEHICLE)
    people = slice(vehicles, vehicles + shapes.kind.count(ContactKind.PEDESTRIAN))
    pairs = count_touching(
        shapes.pose[:vehicles], shapes.length[:vehicles], shapes.width[:vehicles],
        shapes.pose[people], shapes.radius[people],
    )  # fmt: skip
    return int(pairs)


def ego_view(ego: EgoState, car: VehicleParameters) -> EgoView:
    """What people's timing needs of the ego."""
    front = ego.station + car.length - car.rear_overhang
    return EgoView(front, front - car.length, ego.lateral, ego.speed)


def bodies_of(vehicles: VehicleStates, ego: EgoState, car: VehicleParameters) -> Bodies:
    """Vehicles as people see them, the ego last."""
    return Bodies(
        station=np.append(vehicles.station, ego.station + car.centre_ahead),
        lateral=np.append(vehicles.lateral, ego.lateral),
        speed=np.append(vehicles.speed, ego.speed),
        length=np.append(vehicles.length, car.length),
        width=np.append(vehicles.width, car.width),
        is_ego=np.append(np.zeros(len(vehicles.id), dtype=np.bool_), True),
    )
