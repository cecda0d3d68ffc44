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
from drive_stack.seeds import SeedSplit
from drive_stack.support.observation_codec import encode_observation
from drive_stack.types import FrameLabels, Image, Observation
from drive_stack.vehicle import VehicleParameters, action_to_control
from drive_stack.world_state import WorldState

from .compiling import log_compilation
from .oracles import Oracles
from .render import PlainWindow, compose_frame
from .reward import step_reward
from .scenarios.scenario import Scenario, load_scenario
from .truth import Truth
from .world import World

if TYPE_CHECKING:
    from .camera import Camera

ObservationDict = dict[str, Any]  # a member of `HighwayEnv.observation_space`


class HighwayEnv(gym.Env[ObservationDict, NDArray[np.float32]]):
    """A highway with traffic and pedestrians, driven through a front camera.

    ## Description

    The ego car follows a route of several hundred metres along a highway. Road, weather, light, traffic,
    pedestrians and road works are drawn from a scenario of ``configs/scenarios`` and a seed. The car moves
    as a kinematic bicycle with actuator lags and limited tyre grip. All units are SI; angles and rates are
    positive to the left (ISO 8855).

    ## Action space

    `Box(-1, 1, (2,), float32)`. The values are converted by `drive_stack.vehicle.action_to_control`.

    | Index | Action   | Min                      | Max                          |
    |-------|----------|--------------------------|------------------------------|
    | 0     | steering | -1: fully to the right   | +1: fully to the left        |
    | 1     | pedals   | -1: maximum braking      | +1: maximum acceleration     |

    Values out of range are clamped. If a value is not finite, the car brakes firmly and keeps its last valid
    steering. Both cases are counted in ``info["clamped_actions"]``. An action is held for one agent step of
    1 / ``agent_hz`` seconds.

    ## Observation space

    `Dict` with these keys:

    | Key           | Shape         | Dtype   | Unit  | Range     | Meaning                                 |
    |---------------|---------------|---------|-------|-----------|-----------------------------------------|
    | `image`       | (256, 640, 3) | uint8   | -     | 0 to 255  | RGB image of the front camera           |
    | `speed`       | (1,)          | float32 | m/s   | 0 to 100  | speed                                   |
    | `yaw_rate`    | (1,)          | float32 | rad/s | -10 to 10 | yaw rate, positive to the left          |
    | `blind_spot`  | (2,)          | int8    | -     | 0 or 1    | blind-spot radar, left and right        |
    | `speed_limit` | (1,)          | float32 | m/s   | 0 to 60   | posted speed limit                      |
    | `command`     | ()            | int64   | -     | 0 to 2    | 0 follow, 1 change left, 2 change right |
    | `rain`        | ()            | int64   | -     | 0 or 1    | rain sensor: 1 if the road is wet       |

    With ``camera=False`` the image is black.

    ## Reward

    The reward of a step is the progress along the route divided by the distance that the speed limit allows
    in that step, clipped to 0 to 1. A step with the outcome ``"collision"``, ``"off_road"`` or ``"stuck"``
    has the reward -10 instead.

    ## Starting state

    Everything is drawn from the scenario and the seed; the same scenario, seed and actions give the same
    episode. The ego starts in a lane with a speed that depends on the speed limit and the traffic ahead, in
    most scenarios 85 % to 100 % of the limit. Without a seed, one is drawn from 0 to 99,999, the training
    seeds; seeds from 100,000 are for validation and from 200,000 for test.

    ## Episode end

    The episode terminates if

    1. the ego hits a vehicle, a pedestrian, an object or a guard rail (``"collision"``),
    2. the ego's centre is more than 0.3 m outside the drivable area (``"off_road"``),
    3. the ego reaches the end of the route (``"completed"``), or
    4. the ego is stationary for the scenario's ``stuck_after``, 30 s by default, without having to wait for
       traffic or a crossing pedestrian (``"stuck"``).

    It is truncated at the scenario's ``time_limit``, 120 s by default (``"timeout"``).

    ## Arguments

    Keywords of `gymnasium.make`:

    - ``scenario``: name of a scenario, path of a scenario file or a `Scenario`. Default: ``"cruise"``.
    - ``camera``: whether the front camera is rendered. Default: True.
    - ``labels``: whether ``info`` holds the labels of each image; needs ``camera``. Default: False.
    - ``physics_hz``: physics ticks per second, a multiple of ``agent_hz``. Default: 20.
    - ``agent_hz``: agent steps per second. Default: 10.
    - ``render_mode``: ``"human"`` (a window), ``"rgb_array"`` or None. Default: None.

    Options of `reset`: ``{"scenario": ...}`` sets the scenario of this and all following episodes.

    Examples:
        >>> import gymnasium
        >>> env = gymnasium.make("drive_stack.gym:drive_stack/Highway-v0", scenario="merge", camera=False)
        >>> observation, info = env.reset(seed=0, options={"scenario": "cut_in"})

    ## Info

    - ``outcome``: ``"completed"``, ``"collision"``, ``"off_road"``, ``"stuck"`` or ``"timeout"``; None while
      the episode is running.
    - ``clamped_actions``: number of actions of this episode that were not finite or out of range.
    - ``labels``: `FrameLabels` of the image, if made with ``labels=True``.

    ## Version history

    - v0: Initial version.
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
            raise ConfigError(f"render_mode '{render_mode}': must be one of {self.metadata['render_modes']}")
        if labels and not camera:
            raise ConfigError("labels=True needs camera=True")
        self.metadata = {**type(self).metadata, "render_fps": agent_hz}  # a copy, not the class attribute
        self.render_mode = render_mode
        self.scenario = _as_scenario(scenario)
        self.platform = Platform(VehicleParameters(), CameraModel(), 1.0 / agent_hz)
        self._physics_dt, self._ticks = 1.0 / physics_hz, physics_hz // agent_hz
        self._with_camera, self._with_labels = camera, labels
        self._camera: Camera | None = None
        self._window: PlainWindow | None = None
        self._world: World | None = None
        self._image: Image = self._blank()
        self._clamped_actions = 0  # in this episode
        self._closed = False
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.observation_space = _observation_space(self.platform.camera)

    @property
    def truth(self) -> TruthSource:
        """Access to the ground truth of the present episode.

        Each access makes a new object. A stored one would form a reference cycle with the environment, and
        both would stay in memory until Python's cycle collector runs.
        """
        return Truth(lambda: self.world, self._labels_of)

    @property
    def world(self) -> World:
        """The world of the present episode.

        Raises:
            RuntimeError: Before the first reset.
        """
        if self._world is None:
            raise RuntimeError("call reset() first")
        return self._world

    @property
    def oracles(self) -> OracleStages:
        """Factory of the oracle of each stage, which reads this environment's ground truth."""
        return Oracles(self.truth, self.platform)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObservationDict, dict[str, Any]]:
        """Start a new episode.

        Args:
            seed: Seed of the episode, at least 0. If None, a training seed is drawn.
            options: ``{"scenario": ...}`` sets the scenario, as the keyword of `gymnasium.make` does.

        Returns:
            The first observation and ``info``; see the class.

        Raises:
            ConfigError: If the scenario is unknown or invalid, or its drawn entries overlap.
        """
        super().reset(seed=seed)
        if options and "scenario" in options:
            self.scenario = _as_scenario(options["scenario"])
        if seed is None:
            seed = int(self.np_random.integers(SeedSplit.TRAINING.seeds.stop))
        self._clamped_actions, self._closed = 0, False
        log_compilation()
        self._world = World(self.scenario, seed, car=self.platform.car, physics_dt=self._physics_dt)
        if self._with_camera:
            self._camera = self._camera or _make_camera(self.platform.camera)
            self._camera.load(self._world.road, self._world.conditions, self._world.limits)
        return self._observe(), self._info()

    def step(self, action: NDArray[np.float32]) -> tuple[ObservationDict, float, bool, bool, dict[str, Any]]:
        """Hold an action for one agent step.

        Args:
            action: Steering and pedals, shape (2,); see the class.

        Returns:
            Observation, reward, terminated, truncated and ``info``; see the class.

        Raises:
            ResetNeeded: Before the first reset, after the end of an episode and after `close`.
            InvalidAction: If the action is not an array of two numbers.
        """
        world = self._running_world()
        control = action_to_control(_as_action(action), self.platform.car)
        progress_before, limit = world.progress, world.speed_limit
        clamped_before = world.clamped_actions
        for _ in range(self._ticks):
            world.step(control)
        self._clamped_actions += world.clamped_actions > clamped_before
        reward = step_reward(world.progress - progress_before, limit, self.platform.dt, world.outcome)
        truncated = world.outcome == "timeout"
        terminated = world.outcome is not None and not truncated
        observation = self._observe()
        if self.render_mode == "human":
            self._show()
        return observation, reward, terminated, truncated, self._info()

    def observation(self) -> Observation:
        """Return the present observation as the record that agents of this project receive."""
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
        """Return the image, RGB (H, W, 3), in mode `rgb_array`; show it in mode `human`."""
        if self.render_mode == "rgb_array":
            return self._rendered_frame()
        if self.render_mode == "human":
            self._show()
        return None

    def close(self) -> None:
        """Close the camera and the window. A later `reset` opens them again."""
        self._closed = True
        if self._camera is not None:
            self._camera.close()
        if self._window is not None:
            self._window.close()
        self._camera = self._window = None

    def _running_world(self) -> World:
        """Return the world of a running episode; raises `ResetNeeded` if there is none."""
        if self._world is None or self._closed:
            raise ResetNeeded("call reset() before step(): there is no episode")
        if self._world.outcome is not None:
            raise ResetNeeded(f"call reset() before step(): the episode has ended ({self._world.outcome})")
        return self._world

    def _observe(self) -> ObservationDict:
        """Render the camera and return the observation."""
        self._image = self._blank() if self._camera is None else self._camera.render(self.world.state())
        return dict(encode_observation(self.observation()))

    def _info(self) -> dict[str, Any]:
        info: dict[str, Any] = {
            "outcome": self.world.outcome,
            "clamped_actions": self._clamped_actions,
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

    def _rendered_frame(self) -> Image:
        return compose_frame(self.world.state(), self._image if self._with_camera else None)

    def _show(self) -> None:
        self._window = self._window or PlainWindow(self.metadata["render_fps"])
        self._window.show(self._rendered_frame())


def _as_action(action: NDArray[np.float32]) -> NDArray[np.float32]:
    try:
        values = np.asarray(action, dtype=np.float32)
    except (TypeError, ValueError):
        raise InvalidAction(f"action {action!r}: expected two numbers") from None
    if values.shape != (2,):
        raise InvalidAction(f"action of shape {values.shape}: expected (2,), steering and pedals")
    return values


def _make_camera(model: CameraModel) -> Camera:
    # imported here so that an environment without a camera does not load the renderer
    from .camera import Camera  # noqa: PLC0415

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
