"""Weather, light and the speed limits that depend on them.

In fog and heavy rain the posted limit is so low that a driver can stop within the range of vision
(StVO § 3(1): "Es darf nur so schnell gefahren werden, dass innerhalb der übersehbaren Strecke
gehalten werden kann"). On a slippery surface that a file sets, it is so low that cars stop in the same
distance as on a dry road.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TypeVar

import numpy as np
from pydantic import Field, FiniteFloat, field_validator

from drive_stack.config import StrictModel
from drive_stack.seeds import SceneryStream, SeedSplit, split_of
from drive_stack.vehicle import DRY_GRIP, Surface, road_grip
from drive_stack.world_state import RECOGNISED_FRACTION, Conditions, Light, Weather

from .optics import OpticsSpec
from .quantity import MAX_DECELERATION, Bearing, Distance, Elevation, Fraction, Quantity, between, fixed

Name = TypeVar("Name", Weather, Light, Surface)

_CLEAR_VISIBILITY = {Weather.CLEAR: (1500.0, 4000.0), Weather.OVERCAST: (1000.0, 2500.0)}
_REACTION_TIME = 1.2  # of a careful driver [s]
_ASSUMED_BRAKING = 4.0  # deceleration that a careful driver assumes [m/s²]


class ConditionsSpec(StrictModel):
    """Relative weights of weathers and lights, and the ranges of their strengths."""

    weather: dict[Weather, FiniteFloat] = Field(
        default={Weather.CLEAR: 4.0, Weather.OVERCAST: 3.0, Weather.RAIN: 2.0, Weather.FOG: 1.0}
    )
    light: dict[Light, FiniteFloat] = Field(default={Light.DAY: 5.0, Light.DUSK: 2.0, Light.NIGHT: 2.0})
    fog_visibility: Distance = between(120.0, 300.0)  # [m]
    rain_rate: Fraction = between(0.2, 1.0)
    paint_wear: Fraction = between(0.0, 0.7)
    sun_bearing_deg: Bearing | None = None  # left of the road's direction at its start; any if not set
    sun_elevation_deg: Elevation | None = None  # 42° if not set
    optics: OpticsSpec = OpticsSpec()
    surface: dict[Surface, FiniteFloat] | None = None  # wet in rain and dry otherwise if not set
    asphalt_wear: Fraction | None = None  # even asphalt without damage if not set
    wet_gloss: Fraction = fixed(0.0)
    spray: Fraction = fixed(0.0)

    @field_validator("weather", "light", "surface")
    @classmethod
    def _weights(cls, weights: dict[str, float] | None) -> dict[str, float] | None:
        if weights is None:
            return None
        if not weights or min(weights.values()) < 0.0 or sum(weights.values()) <= 0.0:
            raise ValueError("weights must not be negative, and one must be positive")
        return weights

    @field_validator("fog_visibility")
    @classmethod
    def _enough_to_drive(cls, visibility: Quantity) -> Quantity:
        if visibility.bounds[0] < 50.0:
            raise ValueError("must be at least 50 (nobody could drive in less)")
        return visibility

    def draw(self, rng: np.random.Generator, seed: int) -> Conditions:
        """Draw the conditions of one episode."""
        weather = _weighted(self.weather, rng)
        light = _weighted(self.light, rng)
        rain, fog = self.rain_rate.draw(rng), self.fog_visibility.draw(rng)
        wear, fraction = self.paint_wear.draw(rng), float(rng.random())
        if weather is Weather.FOG:
            visibility = fog
        elif weather is Weather.RAIN:
            visibility = 1200.0 - 700.0 * rain
        else:
            low, high = _CLEAR_VISIBILITY[weather]
            visibility = low + (high - low) * fraction
        conditions = Conditions(
            weather=weather,
            light=light,
            visibility=visibility,
            rain_rate=rain if weather is Weather.RAIN else 0.0,
            paint_wear=wear,
            sun_azimuth=float(rng.uniform(-math.pi, math.pi)),
            scenery_seed=int(rng.integers(2**31)),
            held_out_appearance=split_of(seed) is not SeedSplit.TRAINING,
        )
        return self._with_surface(self._with_asphalt(self._with_light_and_lens(conditions)))

    def _with_light_and_lens(self, conditions: Conditions) -> Conditions:
        """Draw the sun's place and the optics from a generator of their own: other draws do not change."""
        rng = SceneryStream.OPTICS.generator(conditions.scenery_seed)
        bearing = self.sun_bearing_deg.draw(rng) if self.sun_bearing_deg is not None else None
        elevation = self.sun_elevation_deg.draw(rng) if self.sun_elevation_deg is not None else None
        return dataclasses.replace(
            conditions,
            sun_azimuth=conditions.sun_azimuth if bearing is None else math.radians(bearing),
            sun_elevation=conditions.sun_elevation if elevation is None else math.radians(elevation),
            optics=self.optics.draw(rng),
        )

    def _with_asphalt(self, conditions: Conditions) -> Conditions:
        """Draw what wear and rain do to the asphalt from generators of their own."""
        wear = SceneryStream.ASPHALT_WEAR.generator(conditions.scenery_seed)
        water = SceneryStream.WATER.generator(conditions.scenery_seed)
        return dataclasses.replace(
            conditions,
            asphalt_wear=None if self.asphalt_wear is None else self.asphalt_wear.draw(wear),
            wet_gloss=self.wet_gloss.draw(water),
            spray=self.spray.draw(water),
        )

    def _with_surface(self, conditions: Conditions) -> Conditions:
        """Draw the surface of the road from a generator of its own."""
        if self.surface is None:
            return conditions
        rng = SceneryStream.SURFACE.generator(conditions.scenery_seed)
        return dataclasses.replace(conditions, surface=_weighted(self.surface, rng))


def grip_bounds(spec: ConditionsSpec) -> tuple[float, float]:
    """Return the minimum and maximum grip of the road in the conditions that can be drawn [m/s²]."""
    if spec.surface is not None:
        grips = [surface.grip for surface, weight in spec.surface.items() if weight > 0.0]
    else:
        weathers = [weather for weather, weight in spec.weather.items() if weight > 0.0]
        grips = [road_grip(wet=weather is Weather.RAIN) for weather in weathers]
    return min(grips), max(grips)


def max_scripted_deceleration(conditions: Conditions) -> float:
    """Return the maximum deceleration of a scripted vehicle [m/s²].

    UN R157 prescribes that the lead vehicle brakes with up to 9.81 m/s², which exceeds the grip of the ego
    and of ordinary traffic. A road that is not dry limits scripted vehicles, too.
    """
    return conditions.grip if conditions.slippery else MAX_DECELERATION


def visibility_speed_limit(visibility: float) -> float:
    """Return the maximum speed [m/s] from which a driver can stop within the distance they see.

    Solves v·t + v²/(2·a) = 0.7 · visibility for v, with the reaction time t and the deceleration a.

    Args:
        visibility: Meteorological visibility [m].
    """
    distance = RECOGNISED_FRACTION * visibility
    a, t = _ASSUMED_BRAKING, _REACTION_TIME
    return a * (math.sqrt(t * t + 2.0 * distance / a) - t)


def surface_speed_limit(speed: float, grip: float) -> float:
    """Return the speed [m/s] from which a car stops within its stopping distance on a dry road.

    Solves v·t + v²/(2·g) = v₀·t + v₀²/(2·g₀) for v, with the reaction time t and the grips g and g₀ of the
    two roads. Instead of 130 km/h this allows 112 km/h on a wet road; French law lowers 130 to 110 km/h in
    rain (Code de la route, R413-2).

    Args:
        speed: The limit v₀ of a dry road [m/s].
        grip: Grip g of the road [m/s²].
    """
    if grip >= DRY_GRIP:
        return speed
    t = _REACTION_TIME
    distance = speed * t + speed * speed / (2.0 * DRY_GRIP)
    return grip * (math.sqrt(t * t + 2.0 * distance / grip) - t)


def _weighted(weights: dict[Name, float], rng: np.random.Generator) -> Name:
    names = list(weights)
    cumulative = np.cumsum([weights[name] for name in names])
    return names[int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))]
