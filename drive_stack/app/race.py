"""Races: several agents drive the same scenario and seed, each in its own copy of the world."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from drive_stack.app.episodes import EpisodeSpec, EpisodeStarter, Factories, in_next_scenario
from drive_stack.app.names import names_of
from drive_stack.app.table import print_failures
from drive_stack.driving_env import DrivingEnv
from drive_stack.errors import ConfigError
from drive_stack.escaping import terminal_text
from drive_stack.evaluation.race import RaceVerdict, leader, race_verdict
from drive_stack.evaluation.result import EpisodeResult, succeeded
from drive_stack.evaluation.rollout import Rollout
from drive_stack.viewer.records import RaceFrame, ViewFrame
from drive_stack.viewer.rollout_frames import RolloutView

MAX_AGENTS = 4  # more cannot be watched at a time


@dataclass(frozen=True, slots=True)
class RaceResult:
    """The results of one race."""

    results: tuple[EpisodeResult, ...]  # in the order of the agents, under their names in the race
    verdict: RaceVerdict

    def verdict_json(self) -> str:
        """Return who won and why, as one line of JSON; ``winner`` is null after a tie."""
        first, winner = self.results[0], self.verdict.winner
        row = {
            "scenario": first.scenario,
            "seed": first.seed,
            "winner": None if winner is None else self.results[winner].agent,
            "verdict": self.verdict.text,
        }
        return json.dumps(row)


class RaceSession:
    """Implements the viewer's `Session` over one rollout for each agent."""

    def __init__(
        self,
        factories: Sequence[Factories],
        names: Sequence[str],
        episodes: Sequence[EpisodeSpec],
        *,
        catalogue: Sequence[str],
        on_result: Callable[[RaceResult], None],
    ) -> None:
        self._starters = [EpisodeStarter(own) for own in factories]
        self._names, self._episodes = tuple(names), list(episodes)
        self._index, self._catalogue, self._on_result = 0, tuple(catalogue), on_result
        self._running: list[tuple[DrivingEnv, Rollout]] = []
        self._views: list[RolloutView] = []
        self._frames: list[ViewFrame] = []  # the last one of each agent
        self._verdict: RaceVerdict | None = None

    def begin(self) -> None:
        """Make worlds and agents now, so that their errors appear before a window opens."""
        if not self._running:
            self.reset()

    @property
    def dt(self) -> float:
        """Simulated time of one step [s]."""
        self.begin()
        return self._running[0][0].platform.dt

    @property
    def done(self) -> bool:
        """Whether the episodes of all agents have ended and their ends were shown."""
        self.begin()
        return all(view.at_end for view in self._views)

    def reset(self) -> RaceFrame:
        """Start the present race again."""
        spec = self._episodes[self._index]
        self._running = [starter.start(spec) for starter in self._starters]
        count = self._index + 1, len(self._episodes)
        self._views = [RolloutView(env, rollout, count) for env, rollout in self._running]
        self._frames = [view.present() for view in self._views]
        self._verdict = None
        return self._frame()

    def step(self) -> RaceFrame:
        """Do one step of every agent; of those whose episode has ended, show once how."""
        for index, ((_, rollout), view) in enumerate(zip(self._running, self._views, strict=True)):
            if not rollout.done:
                self._frames[index] = view.driven(rollout.advance())
            elif not view.at_end:
                self._frames[index] = view.present()
        if self.done and self._verdict is None:
            results = tuple(
                replace(rollout.result, agent=name)
                for name, (_, rollout) in zip(self._names, self._running, strict=True)
            )
            self._verdict = race_verdict(self._names, results)
            self._on_result(RaceResult(results, self._verdict))
        return self._frame()

    def next_episode(self) -> RaceFrame | None:
        """Start the next race; None after the last one."""
        if self._index + 1 >= len(self._episodes):
            return None
        self._index += 1
        return self.reset()

    def next_scenario(self) -> RaceFrame:
        """Start a race with the same seed in the next scenario of the catalogue."""
        self._episodes[self._index] = in_next_scenario(self._episodes[self._index], self._catalogue)
        return self.reset()

    def close(self) -> None:
        """Free the worlds and the agents."""
        for starter in self._starters:
            starter.close()

    def _frame(self) -> RaceFrame:
        rollouts = [rollout for _, rollout in self._running]
        progress = tuple(rollout.log.route_completion for rollout in rollouts)
        failed = [rollout.done and not succeeded(rollout.result) for rollout in rollouts]
        drivers = tuple(
            replace(frame, agent_name=name) for name, frame in zip(self._names, self._frames, strict=True)
        )
        return RaceFrame(
            drivers=drivers,
            progress=progress,
            scores=tuple(rollout.driving_score for rollout in rollouts),
            leader=leader(progress, failed),
            verdict=None if self._verdict is None else self._verdict.text,
        )


def race_names(specs: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the agents in a race; `ConfigError` for too many agents, and for two persons."""
    if len(specs) > MAX_AGENTS:
        raise ConfigError(f"{len(specs)} times --agent: at most {MAX_AGENTS} agents can race")
    if specs.count("human") > 1:
        raise ConfigError("--agent human, twice: there is only one keyboard")
    return names_of(specs)


def print_races(races: Sequence[RaceResult], console: Console) -> None:
    """Print a row for each race: every agent's score and who won; the last row has means and wins."""
    names = [result.agent for result in races[0].results]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_footer=len(races) > 1)
    table.add_column("scenario", footer="mean, won", no_wrap=True)
    table.add_column("seed", justify="right", no_wrap=True)
    for index, name in enumerate(names):
        wins = sum(race.verdict.winner == index for race in races)
        mean = np.mean([race.results[index].driving_score for race in races])
        table.add_column(terminal_text(name), justify="right", footer=f"{mean:.1f}, {wins} of {len(races)}")
    ties = sum(race.verdict.winner is None for race in races)
    table.add_column("verdict", footer=f"{ties} tied" if ties else "")
    for race in races:
        cells = [f"{own.driving_score:.1f}{' *' if own.privileged else ''}" for own in race.results]
        course = terminal_text(race.results[0].scenario), str(race.results[0].seed)
        table.add_row(*course, *cells, terminal_text(race.verdict.text))
    console.print(table)
    if any(own.privileged for race in races for own in race.results):
        console.print("* reads the truth", style="dim")
    print_failures([own for race in races for own in race.results], console)
