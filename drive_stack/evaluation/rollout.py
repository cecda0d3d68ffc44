"""Drives one agent on one scenario with one seed, step by step."""

from __future__ import annotations

import time
import traceback
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from drive_stack.agent_errors import AgentError, bounded_text
from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.answers import AnswerError, checked_control, checked_name, checked_trace
from drive_stack.evaluation.episode_log import EpisodeLog
from drive_stack.evaluation.result import EpisodeId, EpisodeResult, Status, score_so_far, summarise
from drive_stack.evaluation.schemes.scoring import ExpertDrive
from drive_stack.interfaces import Agent
from drive_stack.types import Control, Observation, StepTrace
from drive_stack.world_state import WorldState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Moment:
    """What a viewer can show of one instant."""

    observation: Observation  # what the agent acted on
    state: WorldState  # the true state at the same time
    trace: StepTrace | None  # the outputs of the agent's stages
    control: Control | None = None  # what the agent then did; None where it has not acted


class Rollout:
    """Drives one episode; `advance` until `done`, then take the `result`.

    An exception in the agent ends the episode with status ``error`` and its traceback in the result, and so
    does an invalid answer (see `answers`). An exception in the environment is a bug of this package and is
    raised.
    """

    def __init__(
        self,
        env: DrivingEnv,
        agent: Agent,
        *,
        scenario: str,
        seed: int,
        expert: ExpertDrive | None = None,
    ) -> None:
        self._env, self._agent = env, agent
        self._expert = expert
        self.status = Status.RUNNING
        self.error: str | None = None
        name = self._guard(lambda: checked_name(agent.name)) or "unnamed"
        self.episode = EpisodeId(name, agent.privileged is not False, scenario, seed)
        self.log = EpisodeLog(dt=env.platform.dt)
        self._stage_ms: dict[str, list[float]] = defaultdict(list)
        self._clamped = 0
        self._observation = env.reset(seed)
        self.log.add(env.truth.world_state())
        if not self.done:
            self._guard(lambda: agent.reset(seed))

    @property
    def done(self) -> bool:
        """Whether the episode is over."""
        return self.status is not Status.RUNNING

    def advance(self) -> Moment:
        """Let the agent act once; return the moment that it acted on."""
        observation, state = self._observation, self._env.truth.world_state()
        answer = None if self.done else self._guard(lambda: self._act(observation))
        control, trace = None, None
        if answer is not None:
            control, trace = answer
            for stage, milliseconds in (trace.stage_ms if trace else {}).items():
                self._stage_ms[stage].append(milliseconds)
            step = self._env.step(control)
            self._observation, self._clamped = step.observation, step.clamped_actions
            self.log.add(self._env.truth.world_state())
            if step.outcome is not None:
                self.status = Status(step.outcome)
        return Moment(observation, state, trace, control)

    def moment(self) -> Moment:
        """The present instant, without a trace of the agent."""
        return Moment(self._observation, self._env.truth.world_state(), None)

    @property
    def driving_score(self) -> float:
        """The driving score so far, 0 … 100."""
        return score_so_far(self.log).score

    @property
    def result(self) -> EpisodeResult:
        """The result so far; final once `done`."""
        return summarise(
            self.episode,
            self.log,
            self.status,
            clamped_actions=self._clamped,
            stages_ms={stage: float(np.median(values)) for stage, values in self._stage_ms.items()},
            expert=self._expert,
            error=self.error,
        )

    def _act(self, observation: Observation) -> tuple[Control, StepTrace | None]:
        start = time.perf_counter()
        control = checked_control(self._agent.act(observation))
        self._stage_ms["agent"].append(1000.0 * (time.perf_counter() - start))
        return control, checked_trace(self._agent.trace)

    def _guard(self, call: Callable[[], T]) -> T | None:
        """Call the agent; where it fails, end the episode with status ``error`` and return None."""
        try:
            return call()
        except AgentError as error:  # it holds the traceback of the agent's process
            error_text = error.details or str(error)
        except AnswerError as error:
            error_text = str(error)
        except (Exception, SystemExit):  # an agent may be any code; its failure is a result
            error_text = bounded_text(traceback.format_exc())
        self.status, self.error = Status.ERROR, error_text
        return None


def run_episode(env: DrivingEnv, agent: Agent, *, scenario: str, seed: int) -> EpisodeResult:
    """Drive one whole episode without an observer."""
    rollout = Rollout(env, agent, scenario=scenario, seed=seed)
    while not rollout.done:
        rollout.advance()
    return rollout.result
