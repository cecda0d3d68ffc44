"""The world of one episode: it steps the ego, traffic and people, and keeps the truth."""

from __future__ import annotations

import copy

from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import Contact, Control, NavigationCommand
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import Conditions, EgoState, VehicleStates, WorldState
from envs.contacts import ContactMonitor, EgoBody, OnRoad, Shapes, ego_body
from envs.scenarios.scenario import Scenario
from envs.scripts import Scene
from envs.sensors import blind_spot
from envs.spawning.episode_setup import Stage, stage
from envs.speed_limits import SpeedLimits
from envs.traffic import EgoOnRoad
from envs.views import bodies_of, ego_view, shapes_of, touching_others
from envs.waiting import waits_in_traffic

OFF_ROAD_MARGIN = 0.3  # the ego's middle may be so far outside the drivable area [m]
STANDING = 0.1  # slower than this the ego stands [m/s]
_LAMP_DECELERATION = 0.5  # brakes harder than this light the lamps [m/s²]


class World:
    """Everything in one episode, drawn from ``(scenario, seed)`` and stepped in place.

    The same scenario, seed and controls give bit-identical episodes. `copy` gives a world that
    lives on apart.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        *,
        car: VehicleParameters | None = None,
        physics_dt: float = 0.05,
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self.car = car or VehicleParameters()
        self.physics_dt = physics_dt
        self.time = 0.0
        self.outcome: str | None = None
        self.traffic_contacts = 0  # ticks × pairs in which others touched one another; none should
        self._stage: Stage = stage(scenario, seed, self.car)
        self._monitor = ContactMonitor(self.car)
        self._contacts: tuple[Contact, ...] = ()
        self._standing = 0.0  # [s]
        self._ticks = 0
        self._ego: EgoState
        self._seen: VehicleStates | None = None  # traffic at this instant, once somebody asked
        self._hit: Shapes | None = None  # what can be hit, likewise
        self._locate(self._stage.start)

    @property
    def road(self) -> RoadMap:
        """The road, which nothing changes."""
        return self._stage.road

    @property
    def conditions(self) -> Conditions:
        """Weather and light, which nothing changes."""
        return self._stage.conditions

    @property
    def clamped_actions(self) -> int:
        """How many controls so far were not finite or out of range."""
        return self._stage.ego.clamped

    @property
    def progress(self) -> float:
        """Metres along the route so far."""
        return self._ego.station - self._stage.start

    @property
    def speed_limit(self) -> float:
        """The limit where the ego is [m/s]."""
        return self._stage.limits.at(self._ego.station)

    @property
    def limits(self) -> SpeedLimits:
        """The posted limits along the road."""
        return self._stage.limits

    @property
    def ego(self) -> EgoState:
        """The ego at this instant."""
        return self._ego

    def step(self, control: Control) -> None:
        """Move everything on by one physics tick, and judge what came of it."""
        was, before = self._shapes, self._body()
        self.move(control)
        now, after = self._shapes, self._body()
        middle = OnRoad.of(after, self.road, self._ego.station)
        fresh = self._monitor.update(self.time, before, after, was, now)
        fresh += self._monitor.update_rail(self.time, after, self.road, middle)
        self._contacts += tuple(fresh)
        self.traffic_contacts += touching_others(now)
        self._judge(middle)

    def move(self, control: Control) -> None:
        """Move everything on by one physics tick without looking for contacts."""
        staged, scene = self._stage, self._scene()
        for script in staged.scripts:
            script.step(scene)
        people, works = staged.people, staged.obstacles
        staged.traffic.step(
            self.physics_dt,
            self._ego_on_road(scene),
            people.motion() if people.people else None,
            (works.x, works.y, works.length, works.width) if len(works.id) else None,
        )
        self._seen = self._hit = None
        if people.people:
            bodies = bodies_of(self._vehicles, self._ego, self.car)
            people.step(self.physics_dt, ego_view(self._ego, self.car), bodies)
        staged.ego.step(control, self.physics_dt)
        self._ticks += 1
        self.time = self._ticks * self.physics_dt
        self._locate(self._ego.station)

    def state(self) -> WorldState:
        """The truth at this instant; it stays as it is when the world moves on."""
        staged = self._stage
        left, right = self._blind_spot()
        return WorldState(
            time=self.time,
            ego=self._ego,
            car=self.car,
            vehicles=self._vehicles,
            pedestrians=staged.people.states(),
            obstacles=staged.obstacles,
            road=staged.road,
            conditions=staged.conditions,
            speed_limit=self.speed_limit,
            command=self._command(),
            blind_spot_left=left,
            blind_spot_right=right,
            route_start=staged.start,
            route_end=staged.end,
            contacts=self._contacts,
        )

    def actor_poses(self) -> dict[int, tuple[float, float, float]]:
        """World x, y, yaw of every vehicle and person by id."""
        shapes = self._shapes
        moving = len(shapes.id) - len(self._stage.obstacles.id)
        return {
            int(actor): (float(pose[0]), float(pose[1]), float(pose[2]))
            for actor, pose in zip(shapes.id[:moving], shapes.pose[:moving], strict=True)
        }

    def copy(self) -> World:
        """A world that lives on apart from this one; what never changes is shared."""
        other = copy.copy(self)
        other._stage = self._stage.copy()
        other._monitor = copy.deepcopy(self._monitor)
        return other

    @property
    def _vehicles(self) -> VehicleStates:
        if self._seen is None:
            self._seen = self._stage.traffic.states()
        return self._seen

    def _locate(self, near: float) -> None:
        """Read the ego and traffic anew after a move."""
        ego = self._stage.ego
        station, lateral, _ = self.road.to_road(ego.x, ego.y, near)
        self._ego = EgoState(
            x=ego.x, y=ego.y, yaw=ego.yaw, speed=ego.speed, acceleration=ego.acceleration,
            steering=ego.steering, yaw_rate=ego.yaw_rate, station=station, lateral=lateral,
            brake_lamp=ego.acceleration < -_LAMP_DECELERATION or ego.speed < STANDING,
        )  # fmt: skip

    def _judge(self, middle: OnRoad) -> None:
        """Settle the outcome; the first one stays."""
        self._count_standing()
        if self.outcome is not None:
            return
        if self._contacts:
            self.outcome = "collision"
        elif self.road.distance_off_drivable(middle.station, middle.lateral) > OFF_ROAD_MARGIN:
            self.outcome = "off_road"
        elif self._ego.station >= self._stage.end:
            self.outcome = "completed"
        elif self._standing >= self.scenario.stuck_after:
            self.outcome = "stuck"
        elif self.time >= self.scenario.time_limit - self.physics_dt / 2.0:
            self.outcome = "timeout"

    def _count_standing(self) -> None:
        """How long the ego has stood although it could go on; waiting in traffic stops the clock."""
        if self._ego.speed >= STANDING:
            self._standing = 0.0
        elif not waits_in_traffic(self._ego, self._vehicles, self._stage.people, self.car):
            self._standing += self.physics_dt

    @property
    def _shapes(self) -> Shapes:
        if self._hit is None:
            self._hit = shapes_of(self._stage.traffic, self._stage.people, self._stage.obstacles)
        return self._hit

    def _body(self) -> EgoBody:
        return ego_body(self._ego.x, self._ego.y, self._ego.yaw, self._ego.speed, self.car)

    def _scene(self) -> Scene:
        front = self._ego.station + self.car.length - self.car.rear_overhang
        lane = self.road.lane_at(self._ego.station, self._ego.lateral)
        return Scene(
            self.time, self.physics_dt, front, front - self.car.length, self._ego.speed, lane, self.road,
            self._stage.traffic,
        )  # fmt: skip

    def _ego_on_road(self, scene: Scene) -> EgoOnRoad:
        return EgoOnRoad(
            station=self._ego.station + self.car.centre_ahead,
            lateral=self._ego.lateral,
            speed=self._ego.speed,
            lane=scene.ego_lane,
            length=self.car.length,
            width=self.car.width,
        )

    def _blind_spot(self) -> tuple[bool, bool]:
        others, view = self._vehicles, ego_view(self._ego, self.car)
        return blind_spot(
            others.station, others.lateral, others.speed, others.length, others.width,
            ego_front=view.front, ego_rear=view.rear, ego_lateral=view.lateral,
            ego_speed=view.speed, ego_width=self.car.width,
        )  # fmt: skip

    def _command(self) -> NavigationCommand:
        station = self._ego.station
        lane = self.road.lane_at(station, self._ego.lateral)
        on_ramp = lane >= 0 and self.road.lanes[lane].kind is LaneKind.RAMP
        for command in self._stage.navigation:
            if command.begin <= station < command.end and (on_ramp or not command.on_ramp_only):
                return command.command
        return NavigationCommand.FOLLOW
