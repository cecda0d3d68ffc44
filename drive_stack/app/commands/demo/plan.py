"""Which races the demonstration may show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from drive_stack.config import StrictModel, load_model
from drive_stack.lesson.plan import FilmDriver, Text
from drive_stack.seeds import Seed, SeedSplit, split_of
from drive_stack.support.layout import CONFIGS

DEFAULT_DEMO = CONFIGS / "demo.yaml"


class DemoDriver(FilmDriver):
    """A driver of the race."""

    caption: Text  # what kind of driver it is


class Course(StrictModel):
    """A course on which the drivers may race."""

    scenario: Text
    seed: Seed
    watch: Text  # what to look at

    @field_validator("seed")
    @classmethod
    def _is_no_test_seed(cls, seed: int) -> int:
        if split_of(seed) is SeedSplit.TEST:
            raise ValueError(f"{seed} is a test seed; nothing is chosen on test seeds")
        return seed


class DemoPlan(StrictModel):
    """The drivers, and the courses in the order in which they are tried."""

    drivers: Annotated[tuple[DemoDriver, ...], Field(min_length=2, max_length=2)]
    courses: Annotated[tuple[Course, ...], Field(min_length=1, max_length=20)]


def load_demo(path: Path = DEFAULT_DEMO) -> DemoPlan:
    """Read the plan of the demonstration. Raises `ConfigError` if it cannot be used."""
    return load_model(path, DemoPlan)
