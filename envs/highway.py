"""The gymnasium environment `drive_stack/Highway-v0`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import InvalidAction, ResetNeeded
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.errors import ConfigError
from drive_stack.interfaces import OracleStages, Platform, TruthSource
from drive_stack.types import FrameLabels, Image, Observation
from drive_stack.vehicle import VehicleParameters, action_to_control
from drive_stack.world_state import WorldState
from envs.compiling import tell_of_compiling
from envs.oracles import Oracles
from envs.render import PlainWindow, compose
from envs.reward import step_reward
from envs.scenarios.scenario import Scenario, load_scenario
from envs.truth import Truth
from envs.world import World

if TYPE_CHECKING:
    from envs.camera import Camera

ObsDict = dict[str, Any]
_TRAINING_SEEDS = 100_000


class HighwayEnv(gym.Env[ObsDict, NDArray[np.float32]]):
    """One highway with cars and people, driven through a front camera.

    Action: `Box(-1, 1, (2,))`, see `drive_stack.vehicle.control_to_action`: steering, positive to the
    left, then pedals; −1 brakes fully, +1 is full throttle. NaN brakes, values out of range are
    clamped; both are counted in ``info["clamped_actions"]``.

    Observation: `Dict` of ``image`` (256, 640, 3) uint8, ``speed`` (1,) [m/s], ``yaw_rate`` (1,)
    [rad/s] positive to the left, ``blind_spot`` (2,) left and right, ``speed_limit`` (1,) [m/s],
    ``command`` (0 follow, 1 change left, 2 change right) and ``rain`` (1 where the road is wet).

    Reward: progress along the route as a share of what the limit allows, −10 for a bad end.

    Episode end: terminated when the route is completed, on a collision, off the road or stuck;
    truncated at the scenario's time limit. ``info["outcome"]`` says which.

    Reset: the seed draws everything in the scenario; without one a training seed is drawn.
    ``options={"scenario": …}`` changes the scenario from this episode on.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": 10}  # noqa: RUF012

    def __init__(
        self,
        scenario: str | Path | Scenario = "cruise",
        *,
        camera: bool = True,
        labels: bool = False,
        physics_hz: int = 20,
        agent_hz: int = 10,
        render_mode: str | None = None,
    ) -> None:
        if physics_hz <= 0 or agent_hz <= 0 or physics_hz % agent_hz != 0:
            raise ConfigError(f"agent_hz ({agent_hz}) must divide physics_hz ({physics_hz})")
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ConfigError(f"render_mode '{render_mode}': there are {self.metadata['render_modes']}")
        if labels and not camera:
            raise ConfigError("labels=True needs camera=True")
        self.metadata = {**type(self).metadata, "render_fps": agent_hz}  # shared by no other environment
        self.render_mode = render_mode
        self.scenario = _as_scenario(scenario)
        self.platform = Platform(VehicleParameters(), CameraModel(), 1.0 / agent_hz)
        self._physics_dt, self._ticks = 1.0 / physics_hz, physics_hz // agent_hz
        self._with_camera, self._with_labels = camera, labels
        self._camera: Camera | None = None
        self._window: PlainWindow | None = None
        self._world: World | None = None
        self._image: Image = self._blank()
        self._clamped = 0  # actions of this episode that were not finite or out of range
        self._closed = False
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.observation_space = _observation_space(self.platform.camera)

    @property
    def truth(self) -> TruthSource:
        """The reader of the truth.

        Made anew for whoever asks: one that was kept here would hold the environment that holds it, and both
        would outlive their use until Python looks for such rings, which it does seldom.
        """
        return Truth(lambda: self.world, self._labels_of)

    @property
    def world(self) -> World:
        """The world of the present episode; `RuntimeError` before the first reset."""
        if self._world is None:
            raise RuntimeError("call reset() first")
        return self._world

    @property
    def oracles(self) -> OracleStages:
        """Makes the oracle of each stage over this environment's truth."""
        return Oracles(self.truth, self.platform)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsDict, dict[str, Any]]:
        """Draw a new episode."""
        super().reset(seed=seed)
        if options and "scenario" in options:
            self.scenario = _as_scenario(options["scenario"])
        if seed is None:
            seed = int(self.np_random.integers(_TRAINING_SEEDS))
        self._clamped, self._closed = 0, False
        tell_of_compiling()
        self._world = World(self.scenario, seed, car=self.platform.car, physics_dt=self._physics_dt)
        if self._with_camera:
            self._camera = self._camera or _make_camera(self.platform.camera)
            self._camera.load(self._world.road, self._world.conditions, self._world.limits)
        return self._look(), self._info()

    def step(self, action: NDArray[np.float32]) -> tuple[ObsDict, float, bool, bool, dict[str, Any]]:
        """Hold the action for one agent step.

        Raises `ResetNeeded` before the first reset, after the end of an episode and after `close`, and
        `InvalidAction` for an action that is no array of two numbers.
        """
        world = self._running_world()
        control = action_to_control(_as_action(action), self.platform.car)
        before, limit, clamped = world.progress, world.speed_limit, world.clamped_actions
        for _ in range(self._ticks):
            world.step(control)
        self._clamped += world.clamped_actions > clamped
        reward = step_reward(world.progress - before, limit, self.platform.dt, world.outcome)
        ended = world.outcome is not None
        timeout = world.outcome == "timeout"
        observation = self._look()
        if self.render_mode == "human":
            self._show()
        return observation, reward, ended and not timeout, timeout, self._info()

    def observation(self) -> Observation:
        """What an agent sees now, as a record."""
        state = self.world.state()
        return Observation(
            image=self._image,
            speed=state.ego.speed,
            yaw_rate=state.ego.yaw_rate,
            blind_spot_left=state.blind_spot_left,
            blind_spot_right=state.blind_spot_right,
            speed_limit=state.speed_limit,
            command=state.command,
            rain=state.conditions.wet,
        )

    def render(self) -> Image | None:
        """The picture for `rgb_array`; in `human` it is shown instead."""
        if self.render_mode == "rgb_array":
            return self._picture()
        if self.render_mode == "human":
            self._show()
        return None

    def close(self) -> None:
        """Free the camera and the window; only a reset may follow, which opens them again."""
        self._closed = True
        if self._camera is not None:
            self._camera.close()
        if self._window is not None:
            self._window.close()
        self._camera = self._window = None

    def _running_world(self) -> World:
        """The world, where it may go on."""
        if self._world is None or self._closed:
            raise ResetNeeded("call reset() before step(): there is no episode")
        if self._world.outcome is not None:
            raise ResetNeeded(f"call reset() before step(): the episode has ended ({self._world.outcome})")
        return self._world

    def _look(self) -> ObsDict:
        """Render the camera and gather what the agent sees."""
        self._image = self._blank() if self._camera is None else self._camera.render(self.world.state())
        seen = self.observation()
        return {
            "image": seen.image,
            "speed": np.array([seen.speed], dtype=np.float32),
            "yaw_rate": np.array([seen.yaw_rate], dtype=np.float32),
            "blind_spot": np.array([seen.blind_spot_left, seen.blind_spot_right], dtype=np.int8),
            "speed_limit": np.array([seen.speed_limit], dtype=np.float32),
            "command": np.int64(seen.command),
            "rain": np.int64(seen.rain),
        }

    def _info(self) -> dict[str, Any]:
        info: dict[str, Any] = {
            "outcome": self.world.outcome,
            "clamped_actions": self._clamped,
        }
        if self._with_labels:
            info["labels"] = self.truth.labels()
        return info

    def _labels_of(self, state: WorldState) -> FrameLabels:
        if self._camera is None:
            raise RuntimeError("labels need an environment made with camera=True, after its first reset")
        return self._camera.labels(state)

    def _blank(self) -> Image:
        model = self.platform.camera
        return np.zeros((model.height, model.width, 3), dtype=np.uint8)

    def _picture(self) -> Image:
        return compose(self.world.state(), self._image if self._with_camera else None)

    def _show(self) -> None:
        self._window = self._window or PlainWindow(self.metadata["render_fps"])
        self._window.show(self._picture())


def _as_action(action: NDArray[np.float32]) -> NDArray[np.float32]:
    try:
        values = np.asarray(action, dtype=np.float32)
    except (TypeError, ValueError):
        raise InvalidAction(f"action {action!r}: expected two numbers") from None
    if values.shape != (2,):
        raise InvalidAction(f"action of shape {values.shape}: expected (2,), steering and pedals")
    return values


def _make_camera(model: CameraModel) -> Camera:
    # imported here: a world without pictures need not load the renderer
    from envs.camera import Camera  # noqa: PLC0415

    return Camera(model)


def _as_scenario(scenario: str | Path | Scenario) -> Scenario:
    return scenario if isinstance(scenario, Scenario) else load_scenario(scenario)


def _observation_space(camera: CameraModel) -> spaces.Dict:
    return spaces.Dict(
        {
            "image": spaces.Box(0, 255, (camera.height, camera.width, 3), np.uint8),
            "speed": spaces.Box(0.0, 100.0, (1,), np.float32),
            "yaw_rate": spaces.Box(-10.0, 10.0, (1,), np.float32),
            "blind_spot": spaces.MultiBinary(2),
            "speed_limit": spaces.Box(0.0, 60.0, (1,), np.float32),
            "command": spaces.Discrete(3),
            "rain": spaces.Discrete(2),
        }
    )
