"""A suite in YAML: the courses that an evaluation drives."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from drive_stack.config import StrictModel, load_model, unknown_name
from drive_stack.errors import ConfigError
from drive_stack.scenario_name import ScenarioName
from drive_stack.seeds import Seed, SeedCount, SeedSplit
from drive_stack.support.layout import CONFIGS

CATALOGUE = CONFIGS / "suites"
ALL = "all"  # the whole catalogue
MAX_COURSES = 10_000


class Courses(StrictModel):
    """A scenario, or all of the catalogue, with keys set to values or combined in a grid."""

    scenario: str
    set: dict[str, object] = Field(default={}, description="key of the scenario → value")
    grid: dict[str, Annotated[tuple[object, ...], Field(min_length=1)]] = Field(
        default={}, description="key → values; every combination is a course"
    )

    def count(self, catalogue: Sequence[str]) -> int:
        """The number of `names`."""
        scenarios = len(catalogue) if self.scenario == ALL else 1
        return scenarios * math.prod(len(values) for values in self.grid.values())

    def names(self, catalogue: Sequence[str]) -> Iterator[str]:
        """The names of the courses, as `load_scenario` accepts them."""
        for scenario in catalogue if self.scenario == ALL else (self.scenario,):
            for values in itertools.product(*self.grid.values()):
                keys = self.set | dict(zip(self.grid, values, strict=True))
                settings = tuple(f"{key}={_flow(value)}" for key, value in keys.items())
                yield str(ScenarioName(scenario, settings))


class Suite(StrictModel):
    """The courses of an evaluation and the number of seeds of each."""

    name: str
    description: str
    seeds: SeedCount  # of each course
    first_seed: Seed = SeedSplit.TEST.first
    courses: Annotated[tuple[Courses, ...], Field(min_length=1)]

    def scenarios(self, catalogue: Sequence[str], world_name: Callable[[str], str]) -> tuple[str, ...]:
        """The names of all courses.

        ``world_name`` maps a scenario to the name that seeds its worlds.

        Raises:
            ConfigError: there are more than `MAX_COURSES`, a scenario cannot be read, or two courses draw the
                same worlds, so that their episodes would count twice.
        """
        count = sum(courses.count(catalogue) for courses in self.courses)
        if count > MAX_COURSES:
            raise ConfigError(f"suite {self.name}: {count:,} courses; expected at most {MAX_COURSES:,}")
        names = tuple(name for courses in self.courses for name in courses.names(catalogue))
        first: dict[str, str] = {}
        for name in names:
            try:
                world = world_name(name)
            except ConfigError as error:
                raise ConfigError(f"suite {self.name}: {name}: {error}") from None
            if world in first:
                raise ConfigError(
                    f"suite {self.name}: {first[world]} and {name} are the same course; "
                    "leave one out, or set keys to values that the scenario does not have"
                )
            first[world] = name
        return names


def suites() -> Mapping[str, Path]:
    """The suites that come with the package, by name."""
    return {path.stem: path for path in sorted(CATALOGUE.glob("*.yaml"))}


def load_suite(name_or_path: str) -> Suite:
    """Load a suite by its name, or from a user's own file.

    Raises:
        ConfigError: there is no such suite, or the file is invalid.
    """
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        available = suites()
        if name_or_path not in available:
            raise unknown_name("suite", name_or_path, available)
        path = available[name_or_path]
    suite = load_model(path, Suite)
    if path.parent == CATALOGUE and suite.name != path.stem:
        raise ConfigError(f"{path}: name '{suite.name}' differs from the file's")
    return suite


def _flow(value: object) -> str:
    """A value as one line of YAML."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
