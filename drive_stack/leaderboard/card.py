"""The card of an entry: who drives, and what the driver cost. People may edit it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, ValidationError

from drive_stack.config import StrictModel, apply_override, first_problem, load_model
from drive_stack.errors import ConfigError
from drive_stack.support.atomic_files import write_atomically

Amount = Annotated[float, Field(ge=0.0, le=1e12)]
Text = Annotated[str, Field(max_length=300)]


class Costs(StrictModel):
    """What a driver cost; a value that is not known is left out."""

    data_minutes: Amount | None = Field(default=None, description="driving that it learned from [min]")
    label_hours: Amount | None = Field(default=None, description="a person's work for the labels [h]")
    core_hours: Amount | None = Field(default=None, description="training, over all cores [h]")
    step_ms: Amount | None = Field(default=None, description="a decision on one core, median [ms]")
    weights: Annotated[int, Field(ge=0, le=10**13)] | None = Field(
        default=None, description="number of trained weights"
    )


class LeaderboardCard(StrictModel):
    """An entry's card."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$")]
    about: Text = ""
    link: Annotated[str, Field(pattern=r"^https://[^\s()<>\[\]|`]{1,200}$")] | None = None
    date: datetime.date
    machine: Text = Field(default="", description="that drove the rows, and so measured `costs.step_ms`")
    costs: Costs = Costs()


def read_card(path: Path) -> LeaderboardCard:
    """Read a card; `ConfigError` names the line of a value that is not allowed."""
    return load_model(path, LeaderboardCard)


def write_card(path: Path, card: LeaderboardCard) -> None:
    """Write a card atomically; raises `ConfigError` if that fails."""
    content = card.model_dump(mode="json", exclude_none=True)
    write_atomically(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))


def with_overrides(card: LeaderboardCard, overrides: Sequence[str]) -> LeaderboardCard:
    """The card with overrides such as ``costs.data_minutes=90``; raises `ConfigError` for a wrong one."""
    content = card.model_dump(mode="json", exclude_none=True)
    for override in overrides:
        apply_override(content, override)
    try:
        return LeaderboardCard.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"--set: {first_problem(error)}") from None
