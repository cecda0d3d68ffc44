"""The films of the lesson: a video and its poster, and a file that says who drove and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, ValidationError

from drive_stack.config import StrictModel
from drive_stack.lesson.plan import FilmSpec, SitePlan
from drive_stack.support.file_reading import read_json

FOLDER = "films"
BRAKING_MPS2 = 2.0  # mean deceleration over `WINDOW_S` from which a driver counts as braking
WINDOW_S = 0.5
NOTICE_S = 1.0  # the film stops this long before the first driver brakes


class FilmCaption(StrictModel):
    """A sentence that appears below a film."""

    start_s: Annotated[float, Field(ge=0.0)]  # of the film; what the sentence says has happened by then
    text: str


class FilmFacts(StrictModel):
    """What a film shows, and what happened in it."""

    spec: FilmSpec  # with which it was recorded
    outcomes: tuple[str, ...]  # of each driver, in words
    brakes_s: tuple[Annotated[float, Field(ge=0.0)] | None, ...]  # when each began to brake [s]; None: never
    seconds: Annotated[float, Field(gt=0.0)]
    verdict: str  # of a race; empty with one driver
    captions: tuple[FilmCaption, ...]  # in the order of time
    weights: dict[str, str] = Field(default_factory=dict)  # SHA-256 of networks, by driver and file

    @property
    def answer_s(self) -> float | None:
        """When the first driver brakes [s]; None where nobody does."""
        return min((time for time in self.brakes_s if time is not None), default=None)

    @property
    def pause_s(self) -> float | None:
        """When to ask who will brake [s]; None where nobody does."""
        return None if self.answer_s is None else max(self.answer_s - NOTICE_S, 0.0)


def braking_time(speeds: Sequence[float], dt: float) -> float | None:
    """Return when a driver began to brake [s]; None if it never did.

    That is the first instant after which the speed falls by more than `BRAKING_MPS2` on average over
    `WINDOW_S`.

    Args:
        speeds: speed at each step [m/s], from the start on.
        dt: time between two steps [s].
    """
    steps = max(round(WINDOW_S / dt), 1)
    values = np.asarray(speeds, dtype=np.float64)
    fall = values[:-steps] - values[steps:]
    braking = np.flatnonzero(fall > BRAKING_MPS2 * steps * dt)
    return float(braking[0] * dt) if len(braking) else None


def read_films(plan: SitePlan, folder: Path) -> tuple[list[FilmFacts], list[str]]:
    """Read the films of the plan that exist as planned, and a note on each that does not."""
    films, notes = [], []
    for spec in plan.films:
        facts = read_film(spec, folder)
        if facts is None:
            notes.append(f"film {spec.name}: not recorded as planned; left out")
        else:
            films.append(facts)
    return films, notes


def read_film(spec: FilmSpec, folder: Path) -> FilmFacts | None:
    """Read the facts of a film; None unless it was recorded with this very ``spec`` and is complete."""
    if not all(path.is_file() for path in film_files(spec.name, folder)):
        return None
    try:
        facts = FilmFacts.model_validate(read_json(film_files(spec.name, folder)[2]))
    except (OSError, ValueError, ValidationError):
        return None
    # captions may be improved without another recording
    texts = {"title": spec.title, "caption": spec.caption}
    same = facts.spec.model_copy(update=texts) == spec
    return facts.model_copy(update={"spec": spec}) if same else None


def film_files(name: str, folder: Path) -> tuple[Path, Path, Path]:
    """Return the paths of a film's video, poster and facts."""
    return folder / f"{name}.mp4", folder / f"{name}.jpg", folder / f"{name}.json"
