"""Families of shifts: changes of a scenario that make it harder by one mechanism, in numbered severities.

A file in ``configs/shifts/`` holds one family. The key ``shift`` in a scenario's name applies it:
``curves[shift=mounting/2]`` is the shifted twin of `curves`. Both draw the same worlds from the same seeds,
and differ only in what the family's keys change.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from drive_stack.config import StrictModel, load_model, unknown_name
from drive_stack.errors import ConfigError
from drive_stack.scenario_name import ScenarioName
from drive_stack.support.layout import CONFIGS

CATALOGUE = CONFIGS / "shifts"
KEY = "shift"  # in a scenario's name

Settings = dict[str, object]  # key of the scenario → value


@dataclass(frozen=True, slots=True)
class Shift:
    """A family at one of its severities; the text form is ``family/severity``."""

    family: str
    severity: int  # from 1, the mildest

    @classmethod
    def parse(cls, text: str) -> Shift:
        """Read the text form; raises `ConfigError`."""
        family, _, severity = text.partition("/")
        if not family or not (severity.isascii() and severity.isdigit() and 0 < len(severity) < 4):
            raise ConfigError(f"--set {KEY}: expected FAMILY/SEVERITY, such as grade/2 (found '{text[:60]}')")
        return cls(family, int(severity))

    def __str__(self) -> str:
        return f"{self.family}/{self.severity}"

    @property
    def setting(self) -> str:
        """The shift as a key of a scenario's name."""
        return f"{KEY}={self}"


class BaseCourse(StrictModel):
    """A scenario with keys, to which a family is applied."""

    scenario: str
    set: Settings = Field(default={})

    @property
    def name(self) -> ScenarioName:
        """The name of the course."""
        return ScenarioName(self.scenario, setting_texts(self.set))


class Severity(StrictModel):
    """The keys that one severity sets, and why these values."""

    reason: str
    set: Annotated[Settings, Field(min_length=1)]


class ShiftFamily(StrictModel):
    """A mechanism that makes driving harder: base courses and the changes of each severity."""

    name: str
    mechanism: str  # what changes, and whom it is expected to hurt
    bases: Annotated[tuple[BaseCourse, ...], Field(min_length=1)]
    severities: Annotated[tuple[Severity, ...], Field(min_length=1, max_length=9)]  # the mildest first

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """The family at each of its severities."""
        return tuple(Shift(self.name, number) for number in range(1, len(self.severities) + 1))


def families() -> Mapping[str, Path]:
    """The families that come with the package, by name."""
    return {path.stem: path for path in sorted(CATALOGUE.glob("*.yaml"))}


def load_family(name: str) -> ShiftFamily:
    """Load a family by its name.

    Raises:
        ConfigError: there is no such family, or its file is invalid.
    """
    available = families()
    if name not in available:
        raise unknown_name("family of shifts", name, available)
    family = load_model(available[name], ShiftFamily)
    if family.name != name:
        raise ConfigError(f"{available[name]}: name '{family.name}' differs from the file's")
    return family


def shift_settings(shift: Shift) -> tuple[str, ...]:
    """The keys that a shift sets, as ``key=value``.

    Raises:
        ConfigError: there is no such family, or it has no such severity.
    """
    severities = load_family(shift.family).severities
    if shift.severity > len(severities) or shift.severity < 1:
        raise ConfigError(f"--set {KEY}: {shift.family} has the severities 1 to {len(severities)}")
    return setting_texts(severities[shift.severity - 1].set)


def split_shift(settings: Sequence[str]) -> tuple[tuple[str, ...], Shift | None]:
    """The settings without the key ``shift``, and the shift; the last one counts, as of every key."""
    others = tuple(setting for setting in settings if not _is_shift(setting))
    texts = [setting.partition("=")[2].strip() for setting in settings if _is_shift(setting)]
    return others, Shift.parse(texts[-1]) if texts else None


def base_and_shift(scenario: str) -> tuple[str, Shift | None]:
    """The name of a course's base, and its shift; None for a course that is not shifted."""
    name = ScenarioName.parse(scenario)
    others, shift = split_shift(name.settings)
    return (scenario, None) if shift is None else (str(ScenarioName(name.base, others)), shift)


@functools.cache
def families_with_base(course: ScenarioName) -> tuple[str, ...]:
    """The families that come with the package and have this course as a base."""
    return tuple(name for name in families() if any(base.name == course for base in load_family(name).bases))


def setting_texts(settings: Mapping[str, object]) -> tuple[str, ...]:
    """Keys and values as they stand in a scenario's name."""
    return tuple(f"{key}={_flow(value)}" for key, value in settings.items())


def _is_shift(setting: str) -> bool:
    return setting.partition("=")[0].strip() == KEY


def _flow(value: object) -> str:
    """A value as one line of YAML."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
