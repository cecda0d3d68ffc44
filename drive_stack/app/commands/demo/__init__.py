"""``run_sim.py demo``: a race in which one driver arrives and the other does not, with captions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console

from drive_stack.app.commands.demo.choice import DrivenRace, choose_race
from drive_stack.app.commands.demo.plan import DEFAULT_DEMO, Course, DemoPlan, load_demo
from drive_stack.app.commands.demo.session import NarratedSession
from drive_stack.app.drive_progress import show_drive_progress
from drive_stack.app.episodes import EpisodeSpec, Factories
from drive_stack.app.films.drivers import film_factories
from drive_stack.app.names import names_of
from drive_stack.app.presentation import Presentation, present
from drive_stack.app.race import RaceResult, RaceSession
from drive_stack.app.wiring import Wiring
from drive_stack.driving_env import DrivingEnv
from drive_stack.escaping import visible
from drive_stack.narration.race_log import RaceLog
from drive_stack.narration.telling import Narration, Opening, narrate
from drive_stack.study_runner.decision_time import TimedAgent
from drive_stack.viewer.interpolation.frames import race_between
from drive_stack.viewer.race.frame import RaceRenderer
from drive_stack.viewer.window import display_available

VERDICT_SECONDS = 9.0  # for which a video shows the verdict, whose four lines take so long to read [s]


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Choose the race, show it, and print its story; returns the exit status."""
    plan = load_demo(args.config or DEFAULT_DEMO)
    for course in plan.courses:
        wiring.batch.scenario_facts(course.scenario)
    if args.headless and args.record is None:
        _print(_choose(plan, wiring).narration, plan)
        return 0
    session = NarratedSession(partial(_prepare, plan, wiring))
    try:
        present(
            _presentation(args.record, args.headless, plan, wiring),
            session,
            RaceRenderer,
            race_between,
            show_drive_progress(Console(stderr=True)),
        )
    finally:
        session.close()
    _print(session.narration, plan)
    return 0


def _presentation(record: Path | None, headless: bool, plan: DemoPlan, wiring: Wiring) -> Presentation:
    videos, first = wiring.root / "runs" / "videos", plan.courses[0]
    if record is None and not display_available():
        record = videos / "demo.mp4"
    return Presentation(
        agents=_agents(plan),
        scenario=first.scenario,
        seed=first.seed,
        headless=headless,
        record=record,
        videos=videos,
        hold=VERDICT_SECONDS,
    )


def _prepare(plan: DemoPlan, wiring: Wiring) -> tuple[RaceSession, Narration]:
    race = _choose(plan, wiring)
    session = _session(plan, race.course, _factories(plan, wiring), wiring, lambda _: None)
    return session, race.narration


def _choose(plan: DemoPlan, wiring: Wiring) -> DrivenRace:
    """Drive the courses until one is telling; says on the standard error stream which it is."""
    race, telling = choose_race(plan.courses, partial(_drive, plan, wiring))
    course = f"{visible(race.course.scenario)}, seed {race.course.seed}"
    if telling:
        print(f"the race: {course}", file=sys.stderr)
    else:
        print(
            f"no course separates the drivers; the race with the greatest difference in score: {course}",
            file=sys.stderr,
        )
    return race


def _drive(plan: DemoPlan, wiring: Wiring, course: Course) -> DrivenRace:
    """Drive a course without showing it."""
    print(f"driving {visible(course.scenario)}, seed {course.seed}, to see how it ends", file=sys.stderr)
    finished: list[RaceResult] = []
    timed: list[TimedAgent] = []
    factories = [_timed(own, timed) for own in _factories(plan, wiring)]
    session, log = _session(plan, course, factories, wiring, finished.append), RaceLog()
    try:
        with show_drive_progress(Console(stderr=True)) as show:
            frame = session.reset()
            log.observe(frame)
            while not session.done:
                frame = session.step()
                log.observe(frame)
                show(frame)
    finally:
        session.close()
    result = finished[0]
    opening = Opening(course.watch, tuple(driver.caption for driver in plan.drivers))
    times = [time for agent in timed if (time := agent.mean_ms) is not None]
    decision_ms = times if len(times) == len(result.results) else ()
    narration = narrate(names_of(_agents(plan)), log, result.results, result.verdict, opening, decision_ms)
    return DrivenRace(course, result, narration)


def _factories(plan: DemoPlan, wiring: Wiring) -> list[Factories]:
    return [film_factories(driver, wiring) for driver in plan.drivers]


def _timed(factories: Factories, agents: list[TimedAgent]) -> Factories:
    """The same world and driver, whose decisions are timed by the agent that is added to ``agents``."""

    def agent(env: DrivingEnv) -> TimedAgent:
        agents.append(TimedAgent(factories.agent(env)))
        return agents[-1]

    return replace(factories, agent=agent)


def _session(
    plan: DemoPlan,
    course: Course,
    factories: Sequence[Factories],
    wiring: Wiring,
    on_result: Callable[[RaceResult], None],
) -> RaceSession:
    return RaceSession(
        factories,
        names_of(_agents(plan)),
        [EpisodeSpec(course.scenario, course.seed)],
        catalogue=wiring.batch.scenarios,
        on_result=on_result,
    )


def _agents(plan: DemoPlan) -> tuple[str, ...]:
    return tuple(driver.agent for driver in plan.drivers)


def _print(narration: Narration, plan: DemoPlan) -> None:
    for line in narration.lines(names_of(_agents(plan))):
        print(visible(line))
