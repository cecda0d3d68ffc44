"""The model of a scenario file: road, traffic, pedestrians, conditions and the ego's start."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import to_jsonable_python

from drive_stack.config import StrictModel, load_model, unknown_name
from drive_stack.errors import ConfigError, FieldError
from drive_stack.scenario_name import ScenarioName
from drive_stack.shifts import shift_settings, split_shift
from drive_stack.support.layout import CONFIGS

from ..traffic.flow import max_density
from .actors import Actor
from .animals import AnimalEntry
from .camera import CameraSpec
from .checks import build_context, check_navigation, check_route, check_zones
from .conditions import ConditionsSpec
from .entries import check_actors, check_animals, check_pedestrians
from .markings import MarkingsSpec, check_markings
from .obstacle_checks import check_obstacles
from .obstacles import ObstacleEntry
from .overlaps import check_overlaps
from .pedestrians import PedestrianEntry
from .quantity import Density, Distance, Fraction, Quantity, SpeedLimitKmh, between, fixed
from .roads import RoadSpec
from .route import EgoStart, NavigationStep, SpeedZone
from .scenery import ScenerySpec

CATALOGUE = CONFIGS / "scenarios"
BASES = CATALOGUE / "bases"  # of scenarios that have the key `extends`
LONG = CATALOGUE / "long"  # courses of several kilometres, which are no part of the catalogue


class TrafficSpec(StrictModel):
    """Unscripted traffic: cars, vans, trucks and buses."""

    density: Density = between(5.0, 12.0)  # [vehicles / km of open lane], up to a crawling jam
    speed_share: Fraction = between(0.85, 1.0)  # mean desired speed of cars as a fraction of the limit
    # fraction of vans, trucks and buses in the rightmost lane; lower in the others; default: a typical mix
    large_share: Fraction | None = None
    motorcycle_share: Fraction | None = None  # fraction of motorcycles; default: none
    distinct_looks: bool = False  # no vehicle has both the body and the paint of one near it
    clear_ahead: Distance = fixed(40.0)  # of such vehicles at the start, in the ego's lane [m]

    @model_validator(mode="after")
    def _fits_on_the_road(self) -> TrafficSpec:
        large = (None,) if self.large_share is None else self.large_share.bounds
        allowed = math.floor(min(max_density(fraction) for fraction in large))
        if self.density.bounds[1] > allowed:
            problem = f"at most {allowed} vehicles of this mix fit on a kilometre of lane"
            raise FieldError(problem, ("density",), ("large_share",))
        return self


def _derived(_: object) -> str:
    raise ValueError("is derived from the keys that are set in the scenario's name, and cannot be set itself")


class Scenario(StrictModel):
    """A scenario; together with a seed it determines an episode."""

    name: str
    variant: Annotated[str, BeforeValidator(_derived)] = ""  # values that differ from the file's
    shift: Annotated[str, BeforeValidator(_derived)] = ""  # family/severity, see `drive_stack.shifts`
    description: str
    source: str
    road: RoadSpec = Field(discriminator="kind")
    speed_limit_kmh: SpeedLimitKmh
    speed_zones: tuple[SpeedZone, ...] = ()
    ego: EgoStart = EgoStart()
    route_length: Distance = between(600.0, 900.0)  # [m]
    time_limit: float = Field(default=120.0, gt=0.0, le=900.0)  # [s]
    stuck_after: float = Field(
        default=30.0, gt=0.0
    )  # duration of a standstill without cause that ends an episode [s]
    conditions: ConditionsSpec = ConditionsSpec()
    camera: CameraSpec = CameraSpec()
    markings: MarkingsSpec = MarkingsSpec()
    scenery: ScenerySpec = ScenerySpec()
    traffic: TrafficSpec = TrafficSpec()
    actors: tuple[Actor, ...] = ()
    people: tuple[PedestrianEntry, ...] = ()
    animals: tuple[AnimalEntry, ...] = ()
    obstacles: tuple[ObstacleEntry, ...] = ()
    navigation: tuple[NavigationStep, ...] = ()

    @property
    def world_name(self) -> str:
        """The name that seeds the worlds, together with the seed.

        Each variant has its own worlds. A shifted scenario has those of its base, apart from what is shifted.
        """
        return f"{self.name}[{self.variant}]" if self.variant else self.name

    @model_validator(mode="after")
    def _fits_its_road(self) -> Scenario:
        context = build_context(
            self.road, self.ego, self.speed_limit_kmh, self.speed_zones, self.conditions, self.time_limit
        )
        check_route(self.road, self.ego, self.route_length, is_set="route_length" in self.model_fields_set)
        check_zones(self.speed_zones, context)
        check_navigation(self.navigation, context)
        check_actors(self.actors, context)
        check_obstacles(self.obstacles, context)
        check_pedestrians(self.people, context)
        check_animals(self.animals, context)
        check_markings(self.markings, context)
        check_overlaps(self.actors, self.obstacles, context)
        return self


def scenario_names() -> tuple[str, ...]:
    """Return the names of the catalogue, sorted."""
    return tuple(sorted(path.stem for path in CATALOGUE.glob("*.yaml")))


def long_scenario_names() -> tuple[str, ...]:
    """Return the names of the long scenarios, sorted."""
    return tuple(sorted(path.stem for path in LONG.glob("*.yaml")))


def load_scenario(name_or_path: str | Path, overrides: tuple[str, ...] = ()) -> Scenario:
    """Load a scenario of the catalogue or a long one by name, or a scenario file by path.

    Both may be followed by keys in brackets, such as ``cruise[traffic.density=0]``. Keys that change a value
    make a variant, independent of their order and notation; a key that repeats the file's value does not. The
    key ``shift``, such as ``shift=grade/2``, applies a family of `drive_stack.shifts` to the variant.

    Args:
        name_or_path: Name or path, ending in ``.yaml`` or ``.yml``.
        overrides: Further keys, such as ``traffic.density=0``.

    Raises:
        ConfigError: If there is no such scenario (names the nearest ones), or the file is invalid (names the
            line and the allowed values).
    """
    scenario_name = ScenarioName.parse(str(name_or_path))
    name = scenario_name.base
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        names, long_names = scenario_names(), long_scenario_names()
        if name not in (*names, *long_names):
            raise unknown_name("scenario", name, (*names, *long_names))
        path = (LONG if name in long_names else CATALOGUE) / f"{name}.yaml"
    settings, shift = split_shift((*scenario_name.settings, *overrides))
    scenario = load_model(path, Scenario, settings, bases=BASES)
    if path.parent in (CATALOGUE, LONG) and scenario.name != path.stem:
        raise ConfigError(f"{path}: name '{scenario.name}' differs from the file's")
    variant = _changes(path, scenario) if settings else ""
    derived = {"variant": variant} if variant else {}
    if shift is not None:
        scenario = load_model(path, Scenario, (*settings, *shift_settings(shift)), bases=BASES)
        derived["shift"] = str(shift)
    return scenario.model_copy(update=derived) if derived else scenario


def _changes(path: Path, changed: Scenario) -> str:
    """The values that differ from those of the file, in canonical form; empty if there are none."""
    try:
        before = dict(_values(load_model(path, Scenario, bases=BASES)))
    except ConfigError:  # the file is valid only with the keys, so all values count as changed
        before = {}
    after = dict(_values(changed))
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return "; ".join(f"{key}={after.get(key, '')}" for key in keys)


def _values(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Dotted key and JSON value of every field of a model, recursively."""
    if isinstance(value, StrictModel) and not isinstance(value, Quantity):
        for name in type(value).model_fields:
            yield from _values(getattr(value, name), f"{key}.{name}" if key else name)
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _values(inner, f"{key}.{index}")
    else:
        yield key, json.dumps(to_jsonable_python(value, exclude_none=True))
