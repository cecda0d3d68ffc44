"""The gymnasium environment `drive_stack/Highway-v0`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drive_stack.config import unknown_name
from drive_stack.errors import ConfigError

from .interface.actions import ACTIONS, KEYS
from .interface.base_env import BaseEnv
from .interface.observations import OBSERVATIONS, ObsType
from .interface.reward import Reward, RewardTerms, RewardWeights
from .scenarios.scenario import Scenario
from .world import World


class HighwayEnv(BaseEnv):
    """A highway with traffic and pedestrians, driven through a front camera.

    ## Description

    The ego car follows a route of several hundred metres along a highway. Road, weather, light, traffic,
    pedestrians and road works are drawn from a scenario of ``configs/scenarios`` and a seed. The car moves
    as a kinematic bicycle with actuator lags and limited tyre grip. All units are SI; angles and rates are
    positive to the left (ISO 8855).

    ## Action space

    The keyword ``action`` chooses one of:

    - ``"continuous"`` (default): `Box(-1, 1, (2,), float32)`: steering, from -1 fully right to +1 fully left,
      and pedals, from -1 maximum braking to +1 maximum acceleration
      (`drive_stack.vehicle.action_to_control`).
    - ``"accelerations"``: `Box(-1, 1, (2,), float32)`: lateral acceleration, from -1 for 4 m/s² to the right
      to +1 for 4 m/s² to the left, and longitudinal acceleration, from -1 maximum braking to +1 maximum
      acceleration (`drive_stack.rl.accelerations`).
    - ``"discrete_meta"``: `Discrete(5)`: 0 left, 1 idle, 2 right, 3 faster, 4 slower, as in highway-env
      (`drive_stack.rl.meta_actions`). Controllers of lane and speed act at every physics tick. Make the
      environment with ``agent_hz=2`` or so, because a choice takes effect in a second.

    An action is held for one agent step of 1 / ``agent_hz`` seconds. Values out of range are clamped. If a
    value is not finite, the car brakes firmly and keeps its last valid steering. Both cases are counted in
    ``info["clamped_actions"]``.

    ## Observation space

    The keyword ``observation`` chooses one of:

    - ``"camera"`` (default): `Dict` with the keys of the table below.
    - ``"vector"``: `Box` of shape (106,), float32: the ego, its lane and the eight nearest road users.
      `drive_stack.rl.vector` lists the components.
    - ``"bev"``: `Box(0, 255, (80, 48, 3), uint8)`: an occupancy image seen from above. A pixel covers 2 m
      along and 0.5 m across the ego's heading; the ego's centre is between the rows 59 and 60 and drives
      towards row 0. Channel 0 is 255 in a lane, 160 on a lane line, 96 on other pavement. Channel 1 is 255 on
      a vehicle, the ego included. Channel 2 is 255 on a pedestrian or obstacle.
    - ``"camera+vector"``: the `Dict` of ``"camera"`` with the further key `vector`.

    The vector and the occupancy image are read from the truth; the other keys are what sensors measure.

    | Key           | Shape         | Dtype   | Unit  | Range     | Meaning                                 |
    |---------------|---------------|---------|-------|-----------|-----------------------------------------|
    | `image`       | (256, 640, 3) | uint8   | -     | 0 to 255  | RGB image of the front camera           |
    | `image_age`   | (1,)          | float32 | s     | 0 to 1000 | time since the exposure of the image    |
    | `speed`       | (1,)          | float32 | m/s   | 0 to 100  | speed                                   |
    | `yaw_rate`    | (1,)          | float32 | rad/s | -10 to 10 | yaw rate, positive to the left          |
    | `blind_spot`  | (2,)          | int8    | -     | 0 or 1    | blind-spot radar, left and right        |
    | `speed_limit` | (1,)          | float32 | m/s   | 0 to 60   | posted speed limit                      |
    | `command`     | ()            | int64   | -     | 0 to 2    | 0 follow, 1 change left, 2 change right |
    | `rain`        | ()            | int64   | -     | 0 or 1    | rain sensor: 1 if it rains              |

    With ``camera=False`` there are no keys `image` and `image_age`, and nothing is drawn.

    ## Reward

    The reward of a step is the sum of ``info["reward_terms"]``. The keyword ``reward`` sets the weights, a
    `RewardWeights` (`envs.interface.reward`). These are the terms and their greatest sums in an episode:

    | Term           | Sum        | Meaning                                                             |
    |----------------|------------|---------------------------------------------------------------------|
    | `progress`     | 100        | distance along the route, as a fraction of its length               |
    | `time`         | -50        | time, as a fraction of the time limit; a failure loses all of it    |
    | `speeding`     | -300       | speed above the limit and 1 m/s, relative to the limit, times time  |
    | `comfort`      | -10        | uncomfortable acceleration and jerk, times time                     |
    | `lane_keeping` | -10, -40   | squared distance to the lane centre, times time: on a line, beyond  |
    | `success`      | 50         | the end of the route is reached                                     |
    | `collision`    | -200, -800 | any collision, a severe collision                                   |
    | `off_road`     | -300       | the road is left                                                    |

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
    - ``observation``: ``"camera"``, ``"vector"``, ``"bev"`` or ``"camera+vector"``. Default: ``"camera"``.
    - ``action``: ``"continuous"``, ``"accelerations"`` or ``"discrete_meta"``. Default: ``"continuous"``.
    - ``reward``: a `RewardWeights`. Default: the weights above.
    - ``camera``: whether the front camera is rendered. Default: whether the observation has an image.
    - ``labels``: whether ``info`` holds the labels of each image; needs ``camera``. Default: False.
    - ``physics_hz``: physics ticks per second, a multiple of ``agent_hz``. Default: 20.
    - ``agent_hz``: agent steps per second. Default: 10.
    - ``render_mode``: ``"human"`` (a window), ``"rgb_array"``, ``"depth_array"`` (distance along the camera's
      axis in m of the ground and of actors' centres, without what stands next to the road; float32) or None.
      Default: None.

    Options of `reset`: ``{"scenario": ...}`` sets the scenario of this and all following episodes.

    Examples:
        >>> import gymnasium
        >>> name = "drive_stack.gym:drive_stack/Highway-v0"
        >>> env = gymnasium.make(name, scenario="merge", observation="vector")
        >>> observation, info = env.reset(seed=0, options={"scenario": "cut_in"})

    ## Info

    - ``outcome``: ``"completed"``, ``"collision"``, ``"off_road"``, ``"stuck"`` or ``"timeout"``; None while
      the episode is running.
    - ``is_success``: whether the end of the route is reached.
    - ``cost``: 1 in a step with the outcome ``"collision"`` or ``"off_road"``, else 0.
    - ``speed``: speed of the ego [m/s].
    - ``reward_terms``: the terms of the reward by name.
    - ``clamped_actions``: number of actions of this episode that were not finite or out of range.
    - ``labels``: `FrameLabels` of the present state, if made with ``labels=True``. They are those of the
      image, unless the scenario delays or loses frames.

    ## Version history

    - v0: Initial version.
    """

    def __init__(
        self,
        scenario: str | Path | Scenario = "cruise",
        *,
        observation: str = "camera",
        action: str = "continuous",
        reward: RewardWeights | None = None,
        camera: bool | None = None,
        labels: bool = False,
        physics_hz: int = 20,
        agent_hz: int = 10,
        render_mode: str | None = None,
    ) -> None:
        if observation not in OBSERVATIONS:
            raise unknown_name("observation", observation, OBSERVATIONS)
        if action not in ACTIONS:
            raise unknown_name("action", action, ACTIONS)
        kind = OBSERVATIONS[observation]
        rendered = kind.uses_camera if camera is None else camera
        if labels and not rendered:
            raise ConfigError("labels=True needs camera=True")
        super().__init__(
            scenario, rendered=rendered, physics_hz=physics_hz, agent_hz=agent_hz, render_mode=render_mode
        )
        self._with_labels = labels
        self._weights = reward or RewardWeights()
        self._observation, self._action = observation, action
        self._actions = ACTIONS[action](self.platform.car)
        self._reward: Reward  # of the present episode
        self._clamped_actions = 0  # in this episode
        self.action_space = self._actions.space
        self.observation_space = kind.space(self.platform.camera, rendered)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsType, dict[str, Any]]:
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
        world = self._start_episode(seed, options)
        self._clamped_actions = 0
        self._actions.reset(world)
        self._reward = Reward(self._weights, world, self.platform.dt)
        return self._observe(world), self._info(world, RewardTerms())

    def step(self, action: Any) -> tuple[ObsType, float, bool, bool, dict[str, Any]]:
        """Hold an action for one agent step.

        Args:
            action: A member of the action space; see the class.

        Returns:
            Observation, reward, terminated, truncated and ``info``; see the class.

        Raises:
            ResetNeeded: Before the first reset, after the end of an episode and after `close`.
            InvalidAction: If the action is not one of the action space.
        """
        world = self._running_world()
        self._actions.choose(action, world)
        limit, clamped_before = world.speed_limit, world.clamped_actions
        for _ in range(self._ticks_per_step):
            world.step(self._actions.control(world))
        self._clamped_actions += world.clamped_actions > clamped_before
        terms = self._reward.step(limit)
        truncated = world.outcome == "timeout"
        terminated = world.outcome is not None and not truncated
        observation = self._observe(world)
        if self.render_mode == "human":
            self.render()
        return observation, terms.total(), terminated, truncated, self._info(world, terms)

    def get_keys_to_action(self) -> dict[tuple[str, ...], Any]:
        """Return the actions of the keys W, A, S and D, for `gymnasium.utils.play`.

        Its argument ``noop`` must be the action without a key: 1, or two zeros.
        """
        return dict(KEYS[self._action])

    def _observe(self, world: World) -> ObsType:
        return OBSERVATIONS[self._observation].observe(world, self._receive_frame(world))

    def _info(self, world: World, terms: RewardTerms) -> dict[str, Any]:
        outcome = world.outcome
        info: dict[str, Any] = {
            "outcome": outcome,
            "is_success": outcome == "completed",
            "cost": float(outcome in ("collision", "off_road")),
            "speed": world.ego.speed,
            "reward_terms": terms.as_dict(),
            "clamped_actions": self._clamped_actions,
        }
        if self._with_labels:
            info["labels"] = self.truth.labels()
        return info
