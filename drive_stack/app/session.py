"""Episodes as the viewer wants them: one picture's worth of records a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from drive_stack.app.episodes import EpisodeSpec, EpisodeStarter, Factories, following
from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.rollout import Moment, Rollout
from drive_stack.interfaces import Agent
from drive_stack.types import Control
from drive_stack.viewer.records import History, ViewFrame
from drive_stack.viewer.rollout_frames import view_of


class EpisodeSession:
    """Implements the viewer's `Session` over rollouts; results go to ``on_result``."""

    def __init__(
        self,
        factories: Factories,
        episodes: Sequence[EpisodeSpec],
        *,
        catalogue: Sequence[str],
        on_result: Callable[[EpisodeResult], None],
        expert: Callable[[DrivingEnv], Agent] | None = None,
    ) -> None:
        """``expert`` makes one that is asked in every step what it would do, for the viewer only."""
        self._starter = EpisodeStarter(factories)
        self._make_expert = expert
        self._expert: Agent | None = None
        self._advice: Control | None = None
        self._episodes = list(episodes)
        self._index = 0
        self._catalogue = tuple(catalogue)
        self._on_result = on_result
        self._history = History()
        self._running: tuple[DrivingEnv, Rollout] | None = None  # begun when first asked for

    def begin(self) -> None:
        """Make the world and the driver now, so that what is wrong with them shows before anything opens."""
        self._begun()

    @property
    def dt(self) -> float:
        """Simulated time of one step [s]."""
        return self._env.platform.dt

    @property
    def done(self) -> bool:
        """Whether the present episode is over."""
        return self._rollout.done

    def reset(self) -> ViewFrame:
        """Begin the present episode again."""
        self._history.clear()
        self._begin()
        return self._frame(self._rollout.moment())

    def step(self) -> ViewFrame:
        """One agent step."""
        if self._expert is not None:
            self._advice = self._expert.act(self._rollout.moment().observation)
        moment = self._rollout.advance()
        self._history.add(moment.state, moment.trace)
        if self._rollout.done:
            self._on_result(self._rollout.result)
        return self._frame(moment)

    def next_episode(self) -> ViewFrame | None:
        """Begin the next episode that was asked for; None where none is left."""
        if self._index + 1 >= len(self._episodes):
            return None
        self._index += 1
        return self.reset()

    def next_scenario(self) -> ViewFrame:
        """Begin an episode of the catalogue's next scenario, with the same seed."""
        self._episodes[self._index] = following(self._episodes[self._index], self._catalogue)
        return self.reset()

    def close(self) -> None:
        """Free the world."""
        self._starter.close()

    @property
    def _env(self) -> DrivingEnv:
        return self._begun()[0]

    @property
    def _rollout(self) -> Rollout:
        return self._begun()[1]

    def _begun(self) -> tuple[DrivingEnv, Rollout]:
        if self._running is None:
            self._begin()
        assert self._running is not None
        return self._running

    def _begin(self) -> None:
        """The present episode, from its start."""
        spec = self._episodes[self._index]
        self._running = self._starter.begin(spec)
        self._advice = None
        if self._make_expert is not None:
            self._expert = self._make_expert(self._running[0])
            self._expert.reset(spec.seed)

    def _frame(self, moment: Moment) -> ViewFrame:
        count = self._index + 1, len(self._episodes)
        frame = view_of(self._env, self._rollout, moment, count)
        return replace(frame, history=self._history.points, expert=self._advice)
