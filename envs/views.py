"""The same moment as the hit tests, the people and the radar each need it."""

from __future__ import annotations

import numpy as np

from drive_stack.types import ContactKind
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState, ObstacleStates, VehicleStates
from envs.contacts import Shapes
from envs.overlap import count_touching
from envs.pedestrians import Bodies, EgoView, Pedestrians


def shapes_of(vehicles: VehicleStates, people: Pedestrians, obstacles: ObstacleStates) -> Shapes:
    """Everything that the ego can hit: vehicles, then people, then obstacles."""
    feet, heading = people.xy()
    count, walkers, things = len(vehicles.id), len(people.people), len(obstacles.id)
    ids = np.array([person.id for person in people.people], dtype=np.int64)
    kinds = (ContactKind.VEHICLE, ContactKind.PEDESTRIAN, ContactKind.OBJECT)
    no_size, no_radius = np.zeros(walkers), np.zeros(count)
    return Shapes(
        id=np.concatenate([vehicles.id, ids, obstacles.id]),
        kind=tuple(np.repeat(np.array(kinds, dtype=object), (count, walkers, things))),
        pose=np.concatenate(
            [
                np.stack([vehicles.x, vehicles.y, vehicles.yaw], axis=1),
                np.column_stack([feet, heading]),
                np.stack([obstacles.x, obstacles.y, obstacles.yaw], axis=1),
            ]
        ),
        speed=np.concatenate([vehicles.speed, people.speed, np.zeros(things)]),
        length=np.concatenate([vehicles.length, no_size, obstacles.length]),
        width=np.concatenate([vehicles.width, no_size, obstacles.width]),
        radius=np.concatenate([no_radius, people.radius, np.zeros(things)]),
    )


def touching_others(shapes: Shapes) -> int:
    """How many vehicles touch one another or a person; none should."""
    vehicles = np.array([kind is ContactKind.VEHICLE for kind in shapes.kind], dtype=np.bool_)
    people = shapes.radius > 0.0
    pairs = count_touching(
        shapes.pose[vehicles], shapes.length[vehicles], shapes.width[vehicles],
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
