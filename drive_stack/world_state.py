"""Ground-truth state of the world at one instant, for scores, labels, oracles, the expert and the viewer.

Agents that drive by sensors never receive it. Positions are in the world frame; units are SI. Actor ids are
unique in an episode over vehicles, pedestrians and obstacles; the ego is 0. Arrays are copies: a state does
not change when the world is stepped.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from drive_stack.road_map import RoadMap
from drive_stack.types import Contact, FloatArray, NavigationCommand
from drive_stack.vehicle import VehicleParameters, road_grip


class Weather(StrEnum):
    """Weather of an episode."""

    CLEAR = "clear"
    OVERCAST = "overcast"
    RAIN = "rain"
    FOG = "fog"


class Light(StrEnum):
    """Time of day."""

    DAY = "day"
    DUSK = "dusk"
    NIGHT = "night"  # headlamps on


@dataclass(frozen=True, slots=True)
class Conditions:
    """Weather, light and road wear of one episode."""

    weather: Weather = Weather.CLEAR
    light: Light = Light.DAY
    visibility: float = 2000.0  # meteorological visibility, contrast 5 % [m]
    rain_rate: float = 0.0  # 0 none … 1 heavy
    paint_wear: float = 0.2  # 0 fresh … 1 nearly gone
    sun_azimuth: float = 0.8  # world frame [rad]
    scenery_seed: int = 0  # of trees, hills, buildings and signs
    held_out_appearance: bool = False  # vehicle bodies and colours that are excluded from training may appear

    @property
    def wet(self) -> bool:
        """Whether the road is wet."""
        return self.weather is Weather.RAIN

    @property
    def grip(self) -> float:
        """Max horizontal acceleration of tyres on this road: the radius of the friction circle [m/s²]."""
        return road_grip(wet=self.wet)


@dataclass(frozen=True, slots=True)
class EgoState:
    """State of the ego. The position is that of the rear axle's centre."""

    x: float  # [m]
    y: float  # [m]
    yaw: float  # [rad]
    speed: float  # longitudinal, ≥ 0 [m/s]
    acceleration: float  # actual value after the actuator lag [m/s²]
    steering: float  # actual road-wheel angle [rad]
    yaw_rate: float  # [rad/s]
    station: float  # on the road map [m]
    lateral: float  # on the road map [m]
    brake_lamp: bool = False
    body_pitch: float = 0.0  # of the body on its suspension, positive nose down [rad]
    body_roll: float = 0.0  # of the body on its suspension, positive to the right [rad]


@dataclass(frozen=True, slots=True)
class MountingError:
    """Difference of the front camera's true mounting from the nominal one of the `CameraModel`."""

    pitch_deg: float = 0.0  # positive down
    roll_deg: float = 0.0  # positive to the right
    height: float = 0.0  # [m]


@dataclass(frozen=True, slots=True)
class VehicleStates:
    """Other vehicles, one row each. The position is that of the body's centre."""

    id: NDArray[np.int64]
    x: FloatArray
    y: FloatArray
    yaw: FloatArray
    speed: FloatArray
    acceleration: FloatArray
    length: FloatArray
    width: FloatArray
    height: FloatArray
    label: NDArray[np.int64]  # ObjectClass: CAR or LARGE_VEHICLE
    body: NDArray[np.int64]  # index into envs.bodies.BODIES
    colour: NDArray[np.uint8]  # (N, 3) RGB of the paint
    lane: NDArray[np.int64]  # index on the road map, −1 off the lanes
    target_lane: NDArray[np.int64]
    station: FloatArray
    lateral: FloatArray
    brake_lamp: NDArray[np.bool_]
    indicator: NDArray[np.int64]  # −1 left, 0 off, +1 right, 2 both (hazard)


@dataclass(frozen=True, slots=True)
class PedestrianStates:
    """Pedestrians, one row each. The position is the centre between the feet."""

    id: NDArray[np.int64]
    x: FloatArray
    y: FloatArray
    yaw: FloatArray
    speed: FloatArray
    height: FloatArray
    radius: FloatArray  # of the body, seen from above [m]
    gait: FloatArray  # phase of the walking cycle [rad]
    child: NDArray[np.bool_]
    clothes: NDArray[np.uint8]  # (N, 4, 3) RGB of top, trousers, hair, skin


class ObstacleKind(IntEnum):
    """Kinds of static obstacles on the road."""

    CONE = 0
    BARRIER = 1
    ARROW_BOARD = 2


@dataclass(frozen=True, slots=True)
class ObstacleStates:
    """Static obstacles, one row each. The position is that of the centre."""

    id: NDArray[np.int64]
    x: FloatArray
    y: FloatArray
    yaw: FloatArray
    length: FloatArray
    width: FloatArray
    height: FloatArray
    kind: NDArray[np.int64]  # ObstacleKind


@dataclass(frozen=True, slots=True)
class WorldState:
    """The complete state at one instant."""

    time: float  # since the start of the episode [s]
    ego: EgoState
    car: VehicleParameters
    vehicles: VehicleStates
    pedestrians: PedestrianStates
    obstacles: ObstacleStates
    road: RoadMap
    conditions: Conditions
    speed_limit: float  # at the ego [m/s]
    command: NavigationCommand
    blind_spot_left: bool
    blind_spot_right: bool
    route_start: float  # station [m]
    route_end: float  # station [m]
    contacts: tuple[Contact, ...] = ()  # all collisions of the episode so far
    mounting_error: MountingError = MountingError()
