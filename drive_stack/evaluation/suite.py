"""A suite in YAML: the courses that an evaluation drives, single ones or pairs of base and shifted twin."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from drive_stack.config import StrictModel, load_model, unknown_name
from drive_stack.errors import ConfigError, FieldError
from drive_stack.scenario_name import ScenarioName
from drive_stack.seeds import Seed, SeedCount, SeedSplit
from drive_stack.shifts import base_and_shift, families, load_family, setting_texts
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
                yield str(ScenarioName(scenario, setting_texts(keys)))


class Suite(StrictModel):
    """The courses of an evaluation and the number of seeds of each."""

    name: str
    description: str
    seeds: SeedCount  # of each course
    first_seed: Seed = SeedSplit.TEST.first
    courses: tuple[Courses, ...] = ()
    pairs: Literal["all"] | tuple[str, ...] = Field(
        default=(), description="families of `drive_stack.shifts`: their base courses and shifted twins"
    )

    @model_validator(mode="after")
    def _has_courses(self) -> Suite:
        if not self.courses and not self.pairs:
            raise FieldError("give courses, pairs or both", ("courses",))
        return self

    def scenarios(self, catalogue: Sequence[str], world_name: Callable[[str], str]) -> tuple[str, ...]:
        """The names of all courses; each shifted course follows its base.

        ``world_name`` maps a scenario to the name that seeds its worlds.

        Raises:
            ConfigError: there are more than `MAX_COURSES`, a scenario cannot be read, or two courses draw the
                same worlds, so that their episodes would count twice.
        """
        count = sum(courses.count(catalogue) for courses in self.courses)
        if count > MAX_COURSES:
            raise ConfigError(f"suite {self.name}: {count:,} courses; expected at most {MAX_COURSES:,}")
        names = tuple(name for courses in self.courses for name in courses.names(catalogue))
        names = (*names, *(name for name in self._paired_names() if name not in names))
        first: dict[tuple[str, str], str] = {}
        for name in names:
            try:
                world = world_name(name), str(base_and_shift(name)[1])
            except ConfigError as error:
                raise ConfigError(f"suite {self.name}: {name}: {error}") from None
            if world in first:
                raise ConfigError(
                    f"suite {self.name}: {first[world]} and {name} are the same course; "
                    "leave one out, or set keys to values that the scenario does not have"
                )
            first[world] = name
        return names

    def _paired_names(self) -> tuple[str, ...]:
        """The base courses of all families, each once, and their shifted twins."""
        names: dict[str, None] = {}
        for family in map(load_family, families() if self.pairs == "all" else self.pairs):
            for base in family.bases:
                names[str(base.name)] = None
                names |= dict.fromkeys(
                    str(ScenarioName(base.scenario, (*base.name.settings, shift.setting)))
                    for shift in family.shifts
                )
        return tuple(names)


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
