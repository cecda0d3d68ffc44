"""The search space: which keys of a scenario vary, and within what."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml
from pydantic import FiniteFloat, model_validator

from drive_stack.config import StrictModel, load_model, unknown_name
from drive_stack.errors import ConfigError
from drive_stack.scenario_keys import ScenarioKey, Value
from drive_stack.scenario_name import ScenarioName
from drive_stack.support.layout import CONFIGS

SPACES = CONFIGS / "falsification"  # one file for each scenario of the catalogue
OPTION = "--vary"
MAX_CHOICES = 50
_DEFAULT_PARTS = ("actors.", "people.", "animals.", "obstacles.", "speed_limit_kmh", "traffic.density")

Values: TypeAlias = Mapping[str, Value]  # key → value: one point of a space


@dataclass(frozen=True, slots=True)
class Interval:
    """A key whose values are the numbers from ``low`` to ``high``."""

    key: str
    low: float
    high: float
    whole: bool = False

    def rounded(self, value: float) -> float:
        """The value with four digits, or as a whole number; within the interval."""
        digits = round(value) if self.whole else float(f"{value:.4g}")
        return min(max(digits, self.low), self.high)

    @property
    def setting(self) -> str:
        """The whole interval as a setting of a scenario's name."""
        return f"{self.key}={{min: {self.low!r}, max: {self.high!r}}}"

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}" + (", whole" if self.whole else "")


@dataclass(frozen=True, slots=True)
class Choices:
    """A key with a few values: numbers, or names of weathers, lights or surfaces."""

    key: str
    values: tuple[Value, ...]

    @property
    def setting(self) -> str:
        """All values as a setting of a scenario's name."""
        numbers = all(not isinstance(value, str) for value in self.values)
        listed = ", ".join(str(value) if numbers else f"{value}: 1" for value in self.values)
        return f"{self.key}={{choices: [{listed}]}}" if numbers else f"{self.key}={{{listed}}}"

    def __str__(self) -> str:
        return ", ".join(str(value) if isinstance(value, str) else f"{value:g}" for value in self.values)


Dimension: TypeAlias = Interval | Choices


class Variation(StrictModel):
    """What a key may be: ``{min: …, max: …}`` or ``{choices: […]}``."""

    min: FiniteFloat | None = None
    max: FiniteFloat | None = None
    choices: tuple[FiniteFloat | str, ...] = ()

    @model_validator(mode="after")
    def _exactly_one_form(self) -> Variation:
        if self.choices:
            valid = self.min is None and self.max is None
            enough = 1 < len(self.choices) <= MAX_CHOICES and len(set(self.choices)) == len(self.choices)
        else:
            valid = enough = self.min is not None and self.max is not None and self.min < self.max
        if not (valid and enough):
            raise ValueError(f"give min and a greater max, or 2 to {MAX_CHOICES} different choices")
        return self


class SpaceFile(StrictModel):
    """A file of a search space."""

    scenario: str  # that it is written for
    reason: str  # why these keys and ranges
    vary: dict[str, Variation]


def default_space(scenario: str, keys: Sequence[ScenarioKey]) -> Mapping[str, Variation]:
    """What varies where the user names nothing.

    For a scenario of the catalogue it is its file in ``configs/falsification``; for any other one, the
    numbers that it draws itself for its actors and obstacles, its speed limit and the density of traffic,
    within the range that it draws from.
    """
    path = SPACES / f"{ScenarioName.parse(scenario).base}.yaml"
    if "/" not in scenario and path.is_file():
        return read_space(path).vary
    drawn = [key for key in keys if key.is_drawn and not key.names and key.key.startswith(_DEFAULT_PARTS)]
    return {key.key: _as_drawn(key) for key in drawn}


def read_space(path: Path) -> SpaceFile:
    """Read a file of a search space; raises `ConfigError`."""
    return load_model(path, SpaceFile)


def parse_variation(text: str) -> tuple[str, Variation]:
    """Read ``KEY=LOW:HIGH`` or ``KEY=A,B,C``.

    Raises:
        ConfigError: for anything else.
    """
    key, equals, rest = (part.strip() for part in text.partition("="))
    low, colon, high = rest.partition(":")
    try:
        if not (equals and key):
            raise ValueError("no key")
        if colon:
            return key, Variation(min=float(low), max=float(high))
        return key, Variation(choices=tuple(map(_choice, rest.split(","))))
    except ValueError:
        raise ConfigError(
            f"{OPTION} {text[:80]}: expected KEY=LOW:HIGH with LOW below HIGH, or KEY=A,B,C with different "
            "values"
        ) from None


def resolve_space(
    scenario: str,
    vary: Mapping[str, Variation],
    keys: Sequence[ScenarioKey],
    check: Callable[[str], object],
    source: str = OPTION,
) -> tuple[Dimension, ...]:
    """Check a space against a scenario, and return its dimensions.

    Args:
        scenario: Name or path of the scenario.
        vary: What each key may be.
        keys: The keys of the scenario.
        check: Loads a scenario by its name and raises `ConfigError` if it is invalid for any value in it.
        source: The option or the file that the space comes from, for messages.

    Raises:
        ConfigError: the space is empty, there is no such key, or a value is not allowed.
    """
    if not vary:
        raise ConfigError(f"{scenario}: draws no number that could vary; name keys with {OPTION}")
    known = {key.key: key for key in keys}
    dimensions = tuple(_dimension(key, variation, known, source) for key, variation in vary.items())
    name = ScenarioName.parse(scenario)
    whole = ScenarioName(name.base, (*name.settings, *(each.setting for each in dimensions)))
    try:
        check(str(whole))
    except ConfigError as error:
        raise ConfigError(str(error).replace("--set ", f"{source} ", 1)) from None
    return dimensions


def _dimension(key: str, variation: Variation, known: Mapping[str, ScenarioKey], source: str) -> Dimension:
    if key not in known:
        raise ConfigError(f"{source}: {unknown_name('key', key, known)}")
    allowed = known[key]
    values: Iterable[Value] = variation.choices or (variation.min or 0.0, variation.max or 0.0)
    for value in values:
        _check_value(value, allowed, source)
    if variation.choices:
        return Choices(key, variation.choices)
    if allowed.names:
        raise ConfigError(f"{source} {key}: takes names: {', '.join(allowed.names)}")
    low, high = values
    return Interval(key, float(low), float(high), allowed.whole)


def _check_value(value: Value, key: ScenarioKey, source: str) -> None:
    if key.names:
        if value not in key.names:
            raise ConfigError(f"{source} {key.key}: must be among {', '.join(key.names)} (found {value})")
    elif isinstance(value, str):
        raise ConfigError(f"{source} {key.key}: must be numbers (found {value})")
    elif not key.low <= value <= key.high:
        raise ConfigError(f"{source} {key.key}: must lie within {key.low:g} … {key.high:g} (found {value:g})")
    elif key.whole and value != round(value):
        raise ConfigError(f"{source} {key.key}: must be whole numbers (found {value:g})")


def _as_drawn(key: ScenarioKey) -> Variation:
    if key.ranged:
        low, high = key.drawn
        return Variation(min=float(low), max=float(high))
    return Variation(choices=tuple(dict.fromkeys(key.drawn)))


def _choice(text: str) -> Value:
    """A number where the text is one, else a name."""
    try:
        value = float(text)
    except ValueError:
        if not text.strip():
            raise
        return text.strip()
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def setting_text(key: ScenarioKey, value: Value) -> str:
    """A value as a setting of a scenario's file; a name becomes the only one with a weight."""
    return f"{key.key}={{{value}: 1}}" if key.names else f"{key.key}={yaml.safe_dump(value).split()[0]}"
