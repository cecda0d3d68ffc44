"""Ground-truth state of the world at one instant, for scores, labels, oracles, the expert and the viewer.

Agents that drive by sensors never receive it. Positions are in the world frame; units are SI. Actor ids are
unique in an episode over vehicles, pedestrians and obstacles; the ego is 0. Arrays are copies: a state does
not change when the world is stepped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from drive_stack.road.markings import PLAIN, Markings
from drive_stack.road.scenery import NO_SCENERY, Scenery
from drive_stack.road_map import RoadMap
from drive_stack.types import Contact, FloatArray, NavigationCommand, ObjectClass
from drive_stack.vehicle import Surface, VehicleParameters

RECOGNISED_FRACTION = 0.7  # of the visibility, at which an object is recognised


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
class Optics:
    """What the camera's lens and exposure add to the picture. All is off by default."""

    glare: float = 0.0  # veiling glare of the sun by clear day or dusk, 0 none … 1 blinding
    drops: float = 0.0  # water drops on the lens, 0 none … 1 a third of the picture
    dirt: float = 0.0  # dry dirt on the lens, 0 none … 1
    smear: float = 0.0  # grease in the arcs of a wiper, 0 none … 1
    exposure_ev: float = 0.0  # constant error of the exposure in stops, positive too bright
    exposure_jumps_ev: float = 0.0  # maximum size of sudden errors, to which the exposure adapts in about 1 s
    shutter: float = 0.0  # time that the shutter is open, which blurs what passes [s]

    @property
    def is_perfect(self) -> bool:
        """Whether the picture stays as it is."""
        return self == _PERFECT


_PERFECT = Optics()


@dataclass(frozen=True, slots=True)
class Conditions:
    """Weather, light and road wear of one episode."""

    weather: Weather = Weather.CLEAR
    light: Light = Light.DAY
    visibility: float = 2000.0  # meteorological visibility, contrast 5 % [m]
    rain_rate: float = 0.0  # 0 none … 1 heavy
    paint_wear: float = 0.2  # 0 fresh … 1 nearly gone
    sun_azimuth: float = 0.8  # world frame [rad]
    sun_elevation: float = math.atan(0.9)  # above the horizon [rad]
    scenery_seed: int = 0  # of trees, hills, buildings and signs
    held_out_appearance: bool = False  # vehicle bodies and colours that are excluded from training may appear
    optics: Optics = Optics()
    markings: Markings = PLAIN
    surface: Surface | None = None  # of the road; None: wet in rain, else dry
    scenery: Scenery = NO_SCENERY  # what is next to the road
    asphalt_wear: float | None = None  # 0 new … 1; None: even asphalt without damage
    wet_gloss: float = 0.0  # fraction of a soaked road that mirrors
    spray: float = 0.0  # of moving vehicles in rain, 0 none … 1

    @property
    def recognition_distance(self) -> float:
        """Distance at which an object on the road is recognised [m]."""
        return RECOGNISED_FRACTION * self.visibility

    @property
    def raining(self) -> bool:
        """Whether it rains, which a rain sensor on the windscreen reports."""
        return self.weather is Weather.RAIN

    @property
    def road_surface(self) -> Surface:
        """What the tyres roll on."""
        if self.surface is not None:
            return self.surface
        return Surface.WET if self.raining else Surface.DRY

    @property
    def slippery(self) -> bool:
        """Whether the road has less grip than a dry one."""
        return self.road_surface is not Surface.DRY

    @property
    def grip(self) -> float:
        """Max horizontal acceleration of tyres on this road: the radius of the friction circle [m/s²]."""
        return self.road_surface.grip


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
    label: NDArray[np.int64]  # ObjectClass of the vehicles' group
    body: NDArray[np.int64]  # index into envs.bodies.BODIES
    colour: NDArray[np.uint8]  # (N, 3) RGB of the paint
    lane: NDArray[np.int64]  # index on the road map, −1 off the lanes
    target_lane: NDArray[np.int64]
    station: FloatArray
    lateral: FloatArray
    brake_lamp: NDArray[np.bool_]
    indicator: NDArray[np.int64]  # −1 left, 0 off, +1 right, 2 both (hazard)
    parked: NDArray[np.bool_]  # permanently: it will not drive on
    unlit: NDArray[np.bool_]  # no lamp works, also at night


class WalkerKind(IntEnum):
    """What moves like a pedestrian."""

    PERSON = 0
    WHEELCHAIR = 1  # with its user
    CYCLIST = 2
    DEER = 3
    BOAR = 4
    DOG = 5


_WALKER_LABELS = np.array(
    [
        ObjectClass.PEDESTRIAN, ObjectClass.WHEELCHAIR_USER, ObjectClass.CYCLIST,
        ObjectClass.ANIMAL, ObjectClass.ANIMAL, ObjectClass.ANIMAL,
    ],
    dtype=np.int64,
)  # of each `WalkerKind`  # fmt: skip


def walker_labels(kinds: NDArray[np.int64]) -> NDArray[np.int64]:
    """ObjectClass of each of ``kinds``, values of `WalkerKind`, shape (N,)."""
    return np.asarray(_WALKER_LABELS[kinds], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class PedestrianStates:
    """Pedestrians, wheelchair users, cyclists and animals, one row each.

    The position is the centre of the body on the ground. Persons are discs of a radius, the others boxes.
    """

    id: NDArray[np.int64]
    x: FloatArray
    y: FloatArray
    yaw: FloatArray
    speed: FloatArray
    height: FloatArray
    radius: FloatArray  # of a person, seen from above; 0 for boxes [m]
    length: FloatArray  # of the body, seen from above; twice the radius of a person [m]
    width: FloatArray  # [m]
    gait: FloatArray  # phase of the walking cycle [rad]
    child: NDArray[np.bool_]
    clothes: NDArray[np.uint8]  # (N, 4, 3) RGB of top, trousers, hair, skin
    kind: NDArray[np.int64]  # WalkerKind

    @property
    def label(self) -> NDArray[np.int64]:
        """ObjectClass of each, shape (N,)."""
        return walker_labels(self.kind)


class ObstacleKind(IntEnum):
    """Kinds of static obstacles on the road."""

    CONE = 0
    BARRIER = 1
    ARROW_BOARD = 2
    BOX = 3  # fallen cargo from here …
    TYRE = 4
    LADDER = 5
    MATTRESS = 6  # … to here
    SOLID = 7  # of random form and colours


_OBSTACLE_LABELS = np.array(
    [
        ObjectClass.CARGO if ObstacleKind.BOX <= kind <= ObstacleKind.MATTRESS else ObjectClass.OBSTACLE
        for kind in ObstacleKind
    ],
    dtype=np.int64,
)  # of each `ObstacleKind`


def obstacle_labels(kinds: NDArray[np.int64]) -> NDArray[np.int64]:
    """ObjectClass of each of ``kinds``, values of `ObstacleKind`, shape (N,)."""
    return np.asarray(_OBSTACLE_LABELS[kinds], dtype=np.int64)


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
    form: NDArray[np.int64]  # seed of the form and the colours of a `SOLID`, 0 for others

    @property
    def label(self) -> NDArray[np.int64]:
        """ObjectClass of each, shape (N,)."""
        return obstacle_labels(self.kind)


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
    # behind the barriers: no vehicle of the own carriageway meets them; None if the scenario has none
    background_vehicles: VehicleStates | None = None
