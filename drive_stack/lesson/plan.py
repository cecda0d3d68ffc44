"""What the lesson shows: its films, and where the rows of its figures lie."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from drive_stack.config import StrictModel, load_model
from drive_stack.seeds import MAX_SEED
from drive_stack.support.layout import CONFIGS

DEFAULT_PLAN = CONFIGS / "site.yaml"

Text = Annotated[str, Field(min_length=1, max_length=500)]


class Section(StrEnum):
    """Where a film is shown."""

    RACE = "race"
    JUDGE = "judge"  # the film stops before a driver brakes, and the visitor says who will
    DATA = "data"  # drivers that were trained on the amount of data `rows`


class FilmDriver(StrictModel):
    """A driver of a film."""

    agent: Text  # registered name, or configuration file
    overrides: Annotated[tuple[Text, ...], Field(max_length=20)] = ()


class FilmSpec(StrictModel):
    """One film: who drives which course, and what to see in it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]  # of its files
    section: Section
    drivers: Annotated[tuple[FilmDriver, ...], Field(min_length=1, max_length=2)]
    scenario: Text
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)]
    title: Text
    caption: Text  # what to see
    rows: Annotated[int, Field(ge=0, le=10**12)] | None = None  # that the driver learned from


class SitePlan(StrictModel):
    """Films and folders; folders are relative to the project's folder."""

    tables: Path  # of the study: trainings.parquet and drives.parquet
    shifted: Path  # entries of the leaderboard, of which the rows of the suite frontier are shown
    shifted_drivers: Annotated[tuple[Text, ...], Field(max_length=6)] = ()  # names of their entries
    shipped: Annotated[tuple[Text, ...], Field(max_length=6)] = ()  # drivers whose networks have cards
    films: Annotated[tuple[FilmSpec, ...], Field(max_length=40)] = ()

    @field_validator("films")
    @classmethod
    def _names_are_unique(cls, films: tuple[FilmSpec, ...]) -> tuple[FilmSpec, ...]:
        names = [film.name for film in films]
        if repeated := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two films are named {repeated}")
        return films


def load_site_plan(path: Path = DEFAULT_PLAN) -> SitePlan:
    """Read the plan of the lesson. Raises `ConfigError` if it cannot be used."""
    return load_model(path, SitePlan)
