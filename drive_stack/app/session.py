"""One agent's episodes as a session of the viewer: each step returns what one frame shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from drive_stack.app.episodes import EpisodeSpec, EpisodeStarter, Factories, in_next_scenario
from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.rollout import Rollout
from drive_stack.interfaces import Agent, report_applied
from drive_stack.types import Control
from drive_stack.viewer.records import ViewFrame
from drive_stack.viewer.rollout_frames import RolloutView


class EpisodeSession:
    """Implements the viewer's `Session` over rollouts."""

    def __init__(
        self,
        factories: Factories,
        episodes: Sequence[EpisodeSpec],
        *,
        catalogue: Sequence[str],
        on_result: Callable[[EpisodeResult], None],
        expert: Callable[[DrivingEnv], Agent] | None = None,
        recorded: EpisodeResult | None = None,
    ) -> None:
        """Prepare the session; nothing is made before the first episode starts.

        Args:
            factories: Make the world and the agent.
            episodes: The episodes to drive, in their order.
            catalogue: Names of scenarios, for `next_scenario`.
            on_result: Called with the result of each finished episode.
            expert: Makes an expert whose control in each step the viewer shows next to the agent's.
            recorded: The result of the drive that this session repeats, whose timeline the viewer shows.
        """
        self._starter = EpisodeStarter(factories)
        self._make_expert = expert
        self._expert: Agent | None = None
        self._expert_control: Control | None = None
        self._episodes = list(episodes)
        self._index = 0
        self._catalogue = tuple(catalogue)
        self._on_result = on_result
        self._recorded = recorded
        self._running: tuple[DrivingEnv, Rollout, RolloutView] | None = None  # started at the first use

    def begin(self) -> None:
        """Make the world and the agent now, so that their errors appear before a window opens."""
        self._started()

    @property
    def dt(self) -> float:
        """Simulated time of one step [s]."""
        return self._env.platform.dt

    @property
    def done(self) -> bool:
        """Whether the present episode is over and its end was shown."""
        return self._view.at_end

    def reset(self) -> ViewFrame:
        """Start the present episode again."""
        self._start()
        return self._with_expert(self._view.present())

    def step(self) -> ViewFrame:
        """Do one agent step; after the last one, show how the episode has ended."""
        if self._rollout.done:
            return self._with_expert(self._view.present())
        if self._expert is not None:
            self._expert_control = self._expert.act(self._rollout.moment().observation)
        moment = self._rollout.advance()
        if self._expert is not None and moment.control is not None:
            report_applied(self._expert, moment.control)
        if self._rollout.done:
            self._on_result(self._rollout.result)
        return self._with_expert(self._view.driven(moment))

    def next_episode(self) -> ViewFrame | None:
        """Start the next episode; None after the last one."""
        if self._index + 1 >= len(self._episodes):
            return None
        self._index += 1
        return self.reset()

    def next_scenario(self) -> ViewFrame:
        """Start an episode with the same seed in the next scenario of the catalogue."""
        self._recorded = None
        self._episodes[self._index] = in_next_scenario(self._episodes[self._index], self._catalogue)
        return self.reset()

    def close(self) -> None:
        """Free the world and the agent."""
        self._starter.close()

    @property
    def _env(self) -> DrivingEnv:
        return self._started()[0]

    @property
    def _rollout(self) -> Rollout:
        return self._started()[1]

    @property
    def _view(self) -> RolloutView:
        return self._started()[2]

    def _started(self) -> tuple[DrivingEnv, Rollout, RolloutView]:
        if self._running is None:
            self._start()
        assert self._running is not None
        return self._running

    def _start(self) -> None:
        """Start the present episode."""
        spec = self._episodes[self._index]
        env, rollout = self._starter.start(spec)
        count = self._index + 1, len(self._episodes)
        self._running = env, rollout, RolloutView(env, rollout, count, self._recorded)
        self._expert_control = None
        if self._make_expert is not None:
            self._expert = self._make_expert(env)
            self._expert.reset(spec.seed)

    def _with_expert(self, frame: ViewFrame) -> ViewFrame:
        return replace(frame, expert=self._expert_control)
