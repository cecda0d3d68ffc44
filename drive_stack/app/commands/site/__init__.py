"""``run_sim.py site``: the lesson "Pipeline or end to end?"."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from drive_stack.app.commands.site.filming import record_film, weights_of
from drive_stack.app.wiring import Wiring
from drive_stack.leaderboard.training_costs import training_costs
from drive_stack.lesson.films import FOLDER, FilmFacts, read_film, read_films
from drive_stack.lesson.page import Lesson, write_page
from drive_stack.lesson.plan import DEFAULT_PLAN, load_site_plan
from drive_stack.lesson.shift_figures import read_shifts
from drive_stack.lesson.study_figures import read_study
from drive_stack.study.config import load_plan


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Write the page and print its path; returns the exit status."""
    plan = load_site_plan(args.config or DEFAULT_PLAN)
    out: Path = args.out or wiring.root / "docs" / "site"
    if args.film:
        for spec in plan.films:
            film = read_film(spec, out / FOLDER)
            if film is None or _is_outdated(film, wiring):
                print(f"{spec.name}: {record_film(spec, out / FOLDER, wiring).verdict}", file=sys.stderr)
    films, notes = read_films(plan, out / FOLDER)
    notes += [
        f"film {film.spec.name}: the networks of its drivers have changed since; record it again with --film"
        for film in films
        if _is_outdated(film, wiring)
    ]
    study = load_plan()
    lesson = Lesson(
        plan=study,
        films=films,
        study=read_study(study, args.tables or wiring.root / plan.tables),
        shifts=read_shifts(args.shifted or wiring.root / plan.shifted, plan.shifted_drivers),
        costs={name: training_costs(wiring.batch.agent_facts(name, ()).weights) for name in plan.shipped},
    )
    for missing, what in ((lesson.study is None, "study"), (not lesson.shifts, "shifted courses")):
        if missing:
            notes.append(f"{what}: no rows; left out")
    for note in notes:
        print(note, file=sys.stderr)
    print(write_page(lesson, out))
    return 0


def _is_outdated(film: FilmFacts, wiring: Wiring) -> bool:
    """Whether the drivers of a film have other networks now. Networks that are not here are not compared."""
    weights = weights_of(film.spec, wiring)
    return weights is not None and weights != film.weights
