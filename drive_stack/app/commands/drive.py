"""``run_sim.py`` without a command: drive one agent, or several in a race."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from drive_stack.app.commands.completion import completion_script
from drive_stack.app.drive_progress import OnFrame, show_drive_progress
from drive_stack.app.episodes import EpisodeSpec, Factories, consecutive_episodes
from drive_stack.app.names import overrides_of
from drive_stack.app.presentation import Presentation, present
from drive_stack.app.race import RaceResult, RaceSession, print_races, race_names
from drive_stack.app.session import EpisodeSession
from drive_stack.app.table import print_results
from drive_stack.app.wiring import Wiring
from drive_stack.datasets.drives.adviser import ADVISER
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.interfaces import Agent
from drive_stack.seeds import SeedSplit
from drive_stack.viewer.frame import FrameRenderer
from drive_stack.viewer.interpolation.frames import race_between, view_between
from drive_stack.viewer.race.frame import RaceRenderer
from drive_stack.viewer.window import Keyboard

PLAIN_WIDTH = 110  # columns of the table of results where the output is no terminal
RACE_WIDTH = 140  # likewise of the table of races


@dataclass(frozen=True, slots=True)
class DriveSpec:
    """Which agents drive which episodes, and how that is shown."""

    agents: tuple[str, ...] = ("modular",)
    overrides: tuple[str, ...] = ()  # ``KEY=VALUE``; of several agents ``NAME:KEY=VALUE``
    scenario: str = "cruise"
    seed: int = SeedSplit.VALIDATION.first  # of the first episode
    episodes: int = 1
    trusted: bool = False  # may load agents that run code of their own
    in_process: bool = False  # run such agents inside the simulator's process
    headless: bool = False
    record: Path | None = None  # file of the video
    json: bool = False  # print results as JSON, not as a table


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Do what the command line without a command says; returns the exit status."""
    if args.list:
        return print_list(wiring)
    if args.print_completion is not None:
        print(completion_script(args.print_completion, wiring.agent_names))
        return 0
    spec = DriveSpec(
        agents=tuple(args.agent or ("modular",)),
        overrides=tuple(args.set),
        scenario=args.scenario,
        seed=args.seed,
        episodes=args.episodes,
        trusted=args.trust,
        in_process=args.in_process,
        headless=args.headless,
        record=args.record,
        json=args.json,
    )
    return race(spec, wiring) if len(spec.agents) > 1 else drive(spec, wiring)


def drive(
    spec: DriveSpec,
    wiring: Wiring,
    on_result: Callable[[EpisodeResult], None] | None = None,
    *,
    recorded: EpisodeResult | None = None,
) -> int:
    """Drive with one agent; returns the exit status.

    ``on_result`` receives each result after everything else has been printed. ``recorded`` is the result of
    the drive that a replay repeats.
    """
    results: list[EpisodeResult] = []

    def finish(result: EpisodeResult) -> None:
        results.append(result)
        if spec.json:
            print(result.to_json(), flush=True)

    session = EpisodeSession(
        _factories(spec, 0, wiring),
        _episodes(spec, wiring),
        catalogue=wiring.batch.scenarios,
        on_result=finish,
        expert=_expert_to_compare(spec, wiring),
        recorded=recorded,
    )
    try:
        present(_presentation(spec, wiring), session, FrameRenderer, view_between, _progress(spec))
    finally:
        session.close()
        if results and not spec.json:
            print_results(results, _console(PLAIN_WIDTH))
        if on_result is not None:
            for result in results:
                on_result(result)
    return 1 if any(result.status is Status.ERROR for result in results) else 0


def race(spec: DriveSpec, wiring: Wiring) -> int:
    """Drive with several agents at the same time, each in its own copy of the world."""
    races: list[RaceResult] = []

    def finish(result: RaceResult) -> None:
        races.append(result)
        if spec.json:
            for own in result.results:
                print(own.to_json(), flush=True)
            print(result.verdict_json(), flush=True)

    names = race_names(spec.agents)
    session = RaceSession(
        [_factories(spec, index, wiring) for index in range(len(names))],
        names,
        _episodes(spec, wiring),
        catalogue=wiring.batch.scenarios,
        on_result=finish,
    )
    try:
        present(_presentation(spec, wiring), session, RaceRenderer, race_between, _progress(spec))
    finally:
        session.close()
        if races and not spec.json:
            print_races(races, _console(RACE_WIDTH))
    failed = any(own.status is Status.ERROR for result in races for own in result.results)
    return 1 if failed else 0


def print_list(wiring: Wiring) -> int:
    """Print the scenarios with their descriptions and sources, and the names of the agents."""
    console = Console()
    table = Table(title="Scenarios", title_style="bold", title_justify="left")
    for heading in ("name", "what happens", "source"):
        table.add_column(heading, overflow="fold")
    for name in (*wiring.batch.scenarios, *wiring.long_scenarios):
        facts = wiring.batch.scenario_facts(name)
        table.add_row(name, facts.description, facts.source)
    console.print(table)
    console.print("[bold]Agents[/bold] " + ", ".join(wiring.agent_names))
    return 0


def _console(plain_width: int) -> Console:
    return Console(width=None if sys.stdout.isatty() else plain_width)


def _presentation(spec: DriveSpec, wiring: Wiring) -> Presentation:
    return Presentation(
        agents=spec.agents,
        scenario=spec.scenario,
        seed=spec.seed,
        headless=spec.headless,
        record=spec.record,
        videos=wiring.root / "runs" / "videos",
    )


def _progress(spec: DriveSpec) -> AbstractContextManager[OnFrame]:
    """Where a drive without a window shows its progress; programs that read JSON get none."""
    return nullcontext(lambda _: None) if spec.json else show_drive_progress(Console(stderr=True))


def _factories(spec: DriveSpec, index: int, wiring: Wiring) -> Factories:
    """How to make the agent number ``index`` of ``spec`` and its world."""
    agent = spec.agents[index]
    overrides = overrides_of(index, spec.agents, spec.overrides)
    if spec.in_process:
        overrides = (*overrides, *wiring.batch.in_process_overrides(agent))
    return Factories(
        env=lambda scenario: DrivingEnv(EnvSpec(scenario)),
        agent=lambda env: _make_agent(agent, overrides, wiring, env, trusted=spec.trusted),
    )


def _make_agent(
    agent: str, overrides: Sequence[str], wiring: Wiring, env: DrivingEnv, *, trusted: bool = False
) -> Agent:
    """Make an agent; it gets the oracles and the truth, which only privileged configurations use."""
    if agent == "human":
        return wiring.human_agent(env.platform, Keyboard())
    return wiring.batch.build_agent(
        agent, env.platform, oracles=env.oracles, truth=env.truth, overrides=overrides, trusted=trusted
    )


def _episodes(spec: DriveSpec, wiring: Wiring) -> Sequence[EpisodeSpec]:
    """The requested episodes; an unreadable scenario raises `ConfigError` before a window opens."""
    wiring.batch.scenario_facts(spec.scenario)
    return consecutive_episodes(spec.scenario, spec.seed, spec.episodes)


def _expert_to_compare(spec: DriveSpec, wiring: Wiring) -> Callable[[DrivingEnv], Agent] | None:
    """For policies, which give no reasons, make an expert whose control the viewer shows next to theirs."""
    shown = spec.record is not None or not spec.headless
    is_policy = spec.agents[0] in ("end_to_end", "mid_to_end") or wiring.is_policy_file(spec.agents[0])
    return partial(_make_agent, "expert", ADVISER, wiring) if shown and is_policy else None
