"""Writes the lesson: one HTML page next to its films, without a request to any other host."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
from markupsafe import Markup

from drive_stack.leaderboard.card import Costs
from drive_stack.lesson.chart import learning_curves
from drive_stack.lesson.films import FilmFacts
from drive_stack.lesson.plan import Section
from drive_stack.lesson.shift_figures import Family
from drive_stack.lesson.study_figures import StudyFigures
from drive_stack.study.config import StudyPlan
from drive_stack.support.atomic_files import make_folder, write_atomically

PAGE = "index.html"
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the page is made from; what is missing is left out."""

    plan: StudyPlan  # names the designs
    films: Sequence[FilmFacts] = ()
    study: StudyFigures | None = None
    shifts: Sequence[Family] = ()
    costs: Mapping[str, Costs] = field(default_factory=dict)  # of the shipped drivers, by name

    def films_of(self, section: Section) -> list[FilmFacts]:
        """The films of a section; of the same course with growing amounts of data, in this order."""
        own = [film for film in self.films if film.spec.section is section]
        return sorted(own, key=lambda film: film.spec.rows or 0) if section is Section.DATA else own


def write_page(lesson: Lesson, folder: Path) -> Path:
    """Write the page; returns its path. Raises `ConfigError` if it cannot be written."""
    make_folder(folder)
    write_atomically(folder / PAGE, render(lesson))
    return folder / PAGE


def render(lesson: Lesson) -> str:
    """The HTML of the page; equal lessons give equal pages."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("drive_stack.lesson", "."), autoescape=True, trim_blocks=True
    )
    judged = [film for film in lesson.films_of(Section.JUDGE) if film.pause_s is not None]
    study = lesson.study
    return environment.get_template("page.html.j2").render(
        designs=lesson.plan.arms,
        costs=lesson.costs,
        prices=lesson.plan.prices,
        races=lesson.films_of(Section.RACE),
        judged=judged,
        data_films=lesson.films_of(Section.DATA),
        study=study,
        sizes=[] if study is None else _sizes(study),
        with_curves=[] if study is None else [arm for arm in study.arms if arm.curve is not None],
        chart=Markup("" if study is None else learning_curves(study, list(lesson.plan.arms))),
        families=lesson.shifts,
        data=_data(lesson, judged),
        style=Markup((_HERE / "site.css").read_text(encoding="utf-8")),
        script=Markup((_HERE / "site.js").read_text(encoding="utf-8")),
    )


def _sizes(study: StudyFigures) -> list[int]:
    """All sizes that any arm was trained with."""
    return sorted({item.size for arm in study.arms for item in arm.measured})


def _data(lesson: Lesson, judged: Sequence[FilmFacts]) -> Markup:
    """The figures for the script, as JSON that cannot end the element it stands in."""
    data = {
        "designs": list(lesson.plan.arms),  # their order gives the colours
        "study": None if lesson.study is None else lesson.study.as_json(),
        "families": [family.as_json() for family in lesson.shifts],
        "judged": [
            {
                "name": film.spec.name,
                "pause": film.pause_s,
                "brakes": [time is not None for time in film.brakes_s],
                "drivers": [driver.agent for driver in film.spec.drivers],
                "verdict": film.verdict,
            }
            for film in judged
        ],
        "captions": {
            film.spec.name: [[caption.start_s, caption.text] for caption in film.captions]
            for film in lesson.films
        },
        "dataFilms": [film.spec.rows for film in lesson.films_of(Section.DATA)],
    }
    text = json.dumps(data, separators=(",", ":"), sort_keys=True)
    return Markup(text.replace("<", "\\u003c"))
