"""A scenario: road, traffic, people, conditions and the ego's start, as a person writes it in YAML."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from drive_stack.config import ConfigError, StrictModel, load_model, unknown_name
from drive_stack.scenario_name import without_keys
from envs.quantity import Density, Distance, Share, SpeedLimitKmh, between, fixed
from envs.roads import RoadSpec
from envs.scenario_actors import Actor, LaneClosure
from envs.scenario_checks import check_navigation, check_route, check_zones, setting_of
from envs.scenario_conditions import ConditionsSpec
from envs.scenario_entries import check_actors, check_closures, check_people
from envs.scenario_overlaps import check_overlaps
from envs.scenario_people import Person
from envs.scenario_route import EgoStart, NavigationStep, SpeedZone

CATALOGUE = Path(__file__).parents[1] / "configs" / "scenarios"


class TrafficSpec(StrictModel):
    """The cars, vans, trucks and buses that nobody scripted."""

    density: Density = between(5.0, 12.0)  # [vehicles / km / lane]
    speed_share: Share = between(0.85, 1.0)  # of the limit, what cars wish for on average
    # of vans, trucks and buses in the rightmost lane, to its left they are rarer; if not given, as usual
    large_share: Share | None = None
    clear_ahead: Distance = fixed(40.0)  # no such vehicle begins nearer to the ego, in any lane [m]


class Scenario(StrictModel):
    """Everything an episode is drawn from, with a seed."""

    name: str
    description: str
    source: str
    road: RoadSpec = Field(discriminator="kind")
    speed_limit_kmh: SpeedLimitKmh
    speed_zones: tuple[SpeedZone, ...] = ()
    ego: EgoStart = EgoStart()
    route_length: Distance = between(600.0, 900.0)  # [m]
    time_limit: float = Field(default=120.0, gt=0.0, le=900.0)  # [s]
    stuck_after: float = Field(default=30.0, gt=0.0)  # standing where it could go on [s]
    conditions: ConditionsSpec = ConditionsSpec()
    traffic: TrafficSpec = TrafficSpec()
    actors: tuple[Actor, ...] = ()
    people: tuple[Person, ...] = ()
    obstacles: tuple[LaneClosure, ...] = ()
    navigation: tuple[NavigationStep, ...] = ()

    @model_validator(mode="after")
    def _fits_its_road(self) -> Scenario:
        setting = setting_of(
            self.road, self.ego, self.speed_limit_kmh, self.speed_zones, self.conditions, self.time_limit
        )
        check_route(self.ego, self.route_length, is_set="route_length" in self.model_fields_set)
        check_zones(self.speed_zones, setting)
        check_navigation(self.navigation, setting)
        check_actors(self.actors, setting)
        check_closures(self.obstacles, setting)
        check_people(self.people, setting)
        check_overlaps(self.actors, self.obstacles, setting)
        return self


def scenario_names() -> tuple[str, ...]:
    """Names in the catalogue, sorted."""
    return tuple(sorted(path.stem for path in CATALOGUE.glob("*.yaml")))


def load_scenario(name_or_path: str | Path, overrides: tuple[str, ...] = ()) -> Scenario:
    """A scenario of the catalogue by name, or of a user's own file; either with keys set in brackets.

    Raises `ConfigError` naming the nearest scenarios, or the file's line and what is allowed there.
    """
    name, keys = without_keys(str(name_or_path))
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        names = scenario_names()
        if name not in names:
            raise unknown_name("scenario", name, names)
        path = CATALOGUE / f"{name}.yaml"
    scenario = load_model(path, Scenario, (*keys, *overrides))
    if path.parent == CATALOGUE and scenario.name != path.stem:
        raise ConfigError(f"{path}: name '{scenario.name}' differs from the file's")
    return scenario
