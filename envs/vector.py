"""Several highways stepped together: a gymnasium `VectorEnv`."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import RLock
from typing import Any, TypeAlias, cast

import numpy as np
from gymnasium.core import RenderFrame
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array
from numpy.typing import NDArray

from drive_stack.config import ConfigError
from drive_stack.types import FrameLabels
from drive_stack.world_state import WorldState
from envs.highway import HighwayEnv, ObsDict
from envs.scenario import Scenario

Course: TypeAlias = str | Path | Scenario
Batch = tuple[ObsDict, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]


# the camera's vertices are read through buffers that all of Panda3D's engines share (`GeomVertexColumn`'s
# packers): two engines that draw at the same time give each other's vertices
_DRAWING = RLock()


class _World(HighwayEnv):
    """Takes turns at drawing with the other worlds."""

    def _look(self) -> ObsDict:
        with _DRAWING:
            return super()._look()

    def _labels_of(self, state: WorldState) -> FrameLabels:
        with _DRAWING:
            return super()._labels_of(state)


class HighwayVectorEnv(VectorEnv[ObsDict, NDArray[np.float32], NDArray[Any]]):
    """``num_envs`` times `HighwayEnv` in one process; they differ in their seeds, or in their scenarios.

    What it returns is what `gymnasium.vector.SyncVectorEnv` returns for the same environments, bit for
    bit: observations batched along the first axis, ``image`` as (N, 256, 640, 3); actions (N, 2);
    infos as arrays, each with a mask ``_key``.

    Worlds are moved by ``threads`` threads; their cameras draw one at a time. The number of threads
    changes no result.

    Autoreset: `AutoresetMode.NEXT_STEP` by default, in ``metadata["autoreset_mode"]``. A world that has
    ended is reset by the next step, whatever its action; the reward of that step is 0. An unseeded
    reset draws the next seed from the world's own generator, so everything follows from the first one.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def __init__(
        self,
        num_envs: int = 1,
        scenario: Course | Sequence[Course] = "cruise",
        *,
        threads: int = 2,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        camera: bool = True,
        labels: bool = False,
        physics_hz: int = 20,
        agent_hz: int = 10,
        render_mode: str | None = None,
    ) -> None:
        """``scenario`` is one for all or a sequence with one for each; the rest is as for `HighwayEnv`.

        Raises `ConfigError` in one clear line.
        """
        courses = _courses(num_envs, scenario)
        if threads < 1:
            raise ConfigError(f"threads must be at least 1, not {threads}")
        if render_mode not in (None, "rgb_array"):
            raise ConfigError(f"render_mode '{render_mode}': a batch of worlds has rgb_array only")
        self._mode = _mode(autoreset_mode)
        self.envs = tuple(
            _World(
                course,
                camera=camera,
                labels=labels,
                physics_hz=physics_hz,
                agent_hz=agent_hz,
                render_mode=render_mode,
            )
            for course in courses
        )
        self.num_envs, self.render_mode = num_envs, render_mode
        self.metadata = {**type(self).metadata, "render_fps": agent_hz, "autoreset_mode": self._mode}
        self.single_action_space = self.envs[0].action_space
        self.single_observation_space = self.envs[0].observation_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="world")
        self._seen: list[ObsDict] = []
        self._ended = np.zeros(num_envs, dtype=np.bool_)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsDict, dict[str, Any]]:
        """Draw new episodes: with seeds ``seed``, ``seed`` + 1, … or those of a sequence.

        ``options`` go to each world; a ``reset_mask`` (N,) of bools among them picks the worlds to reset.
        """
        self._check_open()
        seeds = self._seeds(seed)
        given = dict(options or {})
        mask = self._mask(given.pop("reset_mask", None))
        infos: dict[str, Any] = {}
        seen: list[ObsDict] = self._seen or [{}] * self.num_envs
        for index in np.flatnonzero(mask).tolist():
            # one after another: scenes are built by Python, so threads would gain nothing
            seen[index], info = self.envs[index].reset(seed=seeds[index], options=given)
            infos = self._add_info(infos, info, index)
        self._seen = seen
        self._ended = self._ended & ~mask
        return self._stacked(), infos

    def step(self, actions: NDArray[np.float32]) -> Batch:
        """Hold ``actions`` (N, 2) for one agent step in every world that goes on; reset the others."""
        self._check_open()
        if not self._seen:
            raise ResetNeeded("call reset() first")
        if np.shape(actions) != self.action_space.shape:
            raise ConfigError(f"actions have shape {np.shape(actions)}, not {self.action_space.shape}")
        if self._mode is AutoresetMode.DISABLED and self._ended.any():
            raise ResetNeeded(f"worlds {np.flatnonzero(self._ended).tolist()} have ended: reset them first")
        fresh, going = self._ended, np.flatnonzero(~self._ended).tolist()
        moved = self._pool.map(lambda index: self.envs[index].step(actions[index]), going)
        steps = dict(zip(going, moved, strict=True))
        rewards = np.zeros(self.num_envs, dtype=np.float64)
        terminated, truncated = np.zeros_like(fresh), np.zeros_like(fresh)
        infos: dict[str, Any] = {}
        for index, env in enumerate(self.envs):
            if fresh[index]:
                self._seen[index], info = env.reset()
            else:
                self._seen[index], rewards[index], terminated[index], truncated[index], info = steps[index]
                over = terminated[index] or truncated[index]
                if over and self._mode is AutoresetMode.SAME_STEP:
                    last = {"final_obs": self._seen[index], "final_info": info}
                    infos = self._add_info(infos, last, index)
                    self._seen[index], info = env.reset()
            infos = self._add_info(infos, info, index)
        self._ended = (terminated | truncated) & (self._mode is not AutoresetMode.SAME_STEP)
        return self._stacked(), rewards, terminated, truncated, infos

    def render(self) -> tuple[RenderFrame, ...] | None:
        """The picture of each world, for `rgb_array`."""
        pictures = (env.render() for env in self.envs)
        return tuple(picture for picture in pictures if picture is not None) or None

    def close_extras(self, **kwargs: Any) -> None:  # noqa: ARG002 - gymnasium's
        """End the threads and free the cameras."""
        self._pool.shutdown()
        for env in self.envs:
            env.close()

    def _stacked(self) -> ObsDict:
        space = self.single_observation_space
        empty = cast(ObsDict, create_empty_array(space, self.num_envs, fn=np.zeros))
        return cast(ObsDict, concatenate(space, self._seen, empty))

    def _seeds(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, int | np.integer):
            return [int(seed) + index for index in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ConfigError(f"{len(seed)} seeds for {self.num_envs} worlds")
        return list(seed)

    def _mask(self, given: object) -> NDArray[np.bool_]:
        if given is None:
            return np.ones(self.num_envs, dtype=np.bool_)
        mask = np.asarray(given)
        if mask.dtype != np.bool_ or mask.shape != (self.num_envs,) or not mask.any():
            raise ConfigError(f"reset_mask must be {self.num_envs} bools, one of them true at least")
        if not self._seen and not mask.all():
            raise ResetNeeded("the first reset must be of all worlds")
        return mask

    def _check_open(self) -> None:
        if self.closed:
            raise ClosedEnvironmentError("the worlds have been closed")


def _courses(num_envs: int, scenario: Course | Sequence[Course]) -> list[Course]:
    if num_envs < 1:
        raise ConfigError(f"num_envs must be at least 1, not {num_envs}")
    if isinstance(scenario, str | Path | Scenario):
        return [scenario] * num_envs
    if len(scenario) != num_envs:
        raise ConfigError(f"{len(scenario)} scenarios for {num_envs} worlds")
    return list(scenario)


def _mode(given: AutoresetMode | str) -> AutoresetMode:
    try:
        return AutoresetMode(given)
    except ValueError:
        known = ", ".join(mode.value for mode in AutoresetMode)
        raise ConfigError(f"autoreset_mode '{given}': there are {known}") from None
