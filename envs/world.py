"""The world of one episode: steps the ego, traffic and pedestrians, and holds the ground truth."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from drive_stack.interventions.scene import SceneIntervention
from drive_stack.rl.vector import RoadUsers
from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import Contact, Control, FloatArray, NavigationCommand, ObjectClass
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import Conditions, EgoState, WorldState

from .changes.world import changed_episode
from .contacts import ContactMonitor, EgoBody, RoadPosition, ego_body
from .scenarios.camera import CameraLatency
from .scenarios.scenario import Scenario
from .scripts import ScriptContext
from .sensors import blind_spot
from .spawning.episode_setup import EpisodeSetup, build_episode
from .speed_limits import SpeedLimits
from .suspension import BodyMotion
from .termination.outcome_monitor import OutcomeMonitor
from .termination.waiting import is_waiting_in_traffic
from .tick_cache import TickCache
from .views import count_traffic_contacts, ego_on_road, ego_view, road_users, vehicle_bodies


class World:
    """All state of one episode, drawn from ``(scenario, seed)`` and stepped in place.

    The same scenario, seed and controls give bit-identical episodes.

    Args:
        scenario: What the episode is drawn from.
        seed: Seed of all random draws, at least 0.
        car: The ego's dimensions and limits; the default car if None.
        physics_dt: Duration of a physics tick [s].

    Raises:
        ConfigError: If the drawn places of two entries of the scenario overlap.
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
        self._time_of_first_tick = 0.0  # [s]
        self.traffic_contacts = 0  # sum over ticks of pairs that touch, the ego excluded; 0 if correct
        self._episode: EpisodeSetup = build_episode(scenario, seed, self.car)
        self._contact_monitor = ContactMonitor(self.car)
        self._contacts: tuple[Contact, ...] = ()
        self._outcome_monitor = OutcomeMonitor(self._episode.end, scenario.stuck_after, scenario.time_limit)
        self._ticks = 0
        self._ego: EgoState
        self._cache = TickCache(self._episode)
        self._body_cache: EgoBody | None = None  # of this tick
        self._update_ego_state(self._episode.start)

    @property
    def road(self) -> RoadMap:
        """The road; it does not change during the episode."""
        return self._episode.road

    @property
    def conditions(self) -> Conditions:
        """Weather and light; they do not change during the episode."""
        return self._episode.conditions

    @property
    def camera_latency(self) -> CameraLatency:
        """How late frames arrive, and which are lost; it does not change during the episode."""
        return self._episode.latency

    @property
    def outcome(self) -> str | None:
        """How the episode has ended; None while it is running."""
        return self._outcome_monitor.outcome

    @property
    def clamped_actions(self) -> int:
        """Number of controls so far that were not finite or out of range."""
        return self._episode.ego.clamped

    @property
    def progress(self) -> float:
        """Distance covered along the route [m]."""
        return self._ego.station - self._episode.start

    @property
    def route_length(self) -> float:
        """Length of the route [m]."""
        return self._episode.end - self._episode.start

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """All collisions of the ego so far."""
        return self._contacts

    @property
    def speed_limit(self) -> float:
        """The speed limit at the ego's position [m/s]."""
        return self._episode.limits.at(self._ego.station)

    @property
    def limits(self) -> SpeedLimits:
        """The posted limits along the road."""
        return self._episode.limits

    @property
    def ego(self) -> EgoState:
        """The ego's present state."""
        return self._ego

    @property
    def blind_spot(self) -> tuple[bool, bool]:
        """Warnings of the blind-spot radar, left and right."""
        others, view = self._cache.vehicles, ego_view(self._ego, self.car)
        return blind_spot(
            others.station, others.lateral, others.speed, others.length, others.width,
            ego_front=view.front, ego_rear=view.rear, ego_lateral=view.lateral,
            ego_speed=view.speed, ego_width=self.car.width,
        )  # fmt: skip

    @property
    def command(self) -> NavigationCommand:
        """The navigation command at the ego's position."""
        if not self._episode.navigation:
            return NavigationCommand.FOLLOW
        station = self._ego.station
        lane = self.road.lane_at(station, self._ego.lateral)
        on_ramp = lane >= 0 and self.road.lanes[lane].kind is LaneKind.RAMP
        for zone in self._episode.navigation:
            if zone.start <= station < zone.end and (on_ramp or not zone.on_ramp_only):
                return zone.command
        return NavigationCommand.FOLLOW

    def step(self, control: Control) -> None:
        """Advance by one physics tick, detect contacts and update the outcome."""
        shapes_before, body_before = self._cache.shapes, self._body
        self.move(control)
        shapes, body = self._cache.shapes, self._body
        position = RoadPosition.of(body, self.road, self._ego.station)
        contacts = self._contact_monitor.update(self.time, body_before, body, shapes_before, shapes)
        contacts += self._contact_monitor.update_rail(self.time, body, self.road, position)
        self._contacts += tuple(self._labelled(contact) for contact in contacts)
        self.traffic_contacts += count_traffic_contacts(shapes)
        self._outcome_monitor.update(
            self.time, self.physics_dt, self._ego, self.road, position,
            has_contact=bool(self._contacts), waits=self._waits_in_traffic,
        )  # fmt: skip

    def move(self, control: Control) -> None:
        """Advance by one physics tick without detecting contacts."""
        episode, context = self._episode, self._script_context()
        for script in episode.scripts:
            script.step(context)
        pedestrians, obstacles = episode.pedestrians, episode.obstacles
        walking = not pedestrians.at_rest
        episode.traffic.step(
            self.physics_dt,
            ego_on_road(self._ego, self._ego_turn, context.ego_lane, self.car),
            self._cache.pedestrian_motion,
            obstacles.boxes if len(obstacles.states.id) else None,
        )
        if walking:
            bodies = vehicle_bodies(episode.traffic, self._ego, self.car)
            pedestrians.step(self.physics_dt, ego_view(self._ego, self.car), bodies)
        self._cache.expire(pedestrians_moved=walking)
        episode.ego.step(control, self.physics_dt, self._grade_ahead())
        self._move_body()
        self._ticks += 1
        self.time = self._time_of_first_tick + self._ticks * self.physics_dt
        self._update_ego_state(self._ego.station)

    def state(self) -> WorldState:
        """Return the present ground truth; it does not change when the world is stepped."""
        episode = self._episode
        left, right = self.blind_spot
        return WorldState(
            time=self.time,
            ego=self._ego,
            car=self.car,
            vehicles=self._cache.vehicles,
            pedestrians=episode.pedestrians.states(),
            obstacles=episode.obstacles.states,
            road=episode.road,
            conditions=episode.conditions,
            speed_limit=self.speed_limit,
            command=self.command,
            blind_spot_left=left,
            blind_spot_right=right,
            route_start=episode.start,
            route_end=episode.end,
            contacts=self._contacts,
            mounting_error=episode.mounting_error,
            background_vehicles=None
            if episode.background is None
            else episode.background.states(self.time, self._ego.station),
        )

    def road_users(self) -> RoadUsers:
        """Return every vehicle, pedestrian and obstacle around the ego."""
        episode = self._episode
        return road_users(self._cache.shapes, episode.traffic, episode.pedestrians, episode.obstacles.states)

    def actor_poses(self) -> tuple[NDArray[np.int64], FloatArray]:
        """Return the ids (N,) of all vehicles and pedestrians, and their poses (N, 3) in the world frame.

        A pose is x, y [m] and yaw [rad].
        """
        shapes = self._cache.shapes
        moving = len(shapes.id) - len(self._episode.obstacles.states.id)
        return shapes.id[:moving], shapes.pose[:moving]

    def alter(self, intervention: SceneIntervention) -> None:
        """Change the world from now on; a change of the image alone leaves it as it is."""
        self._episode = changed_episode(self._episode, intervention)
        self._cache = TickCache(self._episode)

    def copy(self, *, physics_dt: float | None = None) -> World:
        """Return an independent world in the same state; constant parts are shared.

        Args:
            physics_dt: Duration of the copy's physics ticks [s]; that of this world if None.
        """
        other = copy.copy(self)
        if physics_dt is not None:
            other.physics_dt, other._time_of_first_tick, other._ticks = physics_dt, self.time, 0
        other._episode = self._episode.copy()
        other._cache = self._cache.copy(other._episode)
        other._contact_monitor = copy.deepcopy(self._contact_monitor)
        other._outcome_monitor = copy.copy(self._outcome_monitor)
        return other

    def _update_ego_state(self, recent_station: float) -> None:
        ego = self._episode.ego
        station, lateral, along = self.road.to_road(ego.x, ego.y, recent_station)
        self._ego_turn = ego.yaw - along  # from the road's direction [rad]
        self._body_cache = None
        self._ego = ego.state(station, lateral, self._episode.body or BodyMotion())

    def _move_body(self) -> None:
        """Let the body pitch and roll by the accelerations at the tyres over the tick."""
        episode, ego = self._episode, self._episode.ego
        if episode.body is not None:
            lateral = ego.speed * ego.yaw_rate
            episode.body = episode.body.after(ego.tyre_acceleration, lateral, self.physics_dt)

    def _grade_ahead(self) -> float:
        """Grade in the middle of the way of a tick; this keeps the energy on vertical curves."""
        middle = self._ego.station + self._ego.speed * self.physics_dt / 2.0
        return self.road.profile.grade_at_one(middle)

    def _waits_in_traffic(self) -> bool:
        return is_waiting_in_traffic(self._ego, self._cache.vehicles, self._episode.pedestrians, self.car)

    @property
    def _body(self) -> EgoBody:
        if self._body_cache is None:
            ego = self._ego
            self._body_cache = ego_body(ego.x, ego.y, ego.yaw, ego.speed, self.car)
        return self._body_cache

    def _labelled(self, contact: Contact) -> Contact:
        """Return a contact with the true class of the actor."""
        rows = np.flatnonzero(self._cache.shapes.id == contact.actor_id)
        if not len(rows):
            return contact
        return replace(contact, label=ObjectClass(int(self.road_users().label[rows[0]])))

    def _script_context(self) -> ScriptContext:
        front = self._ego.station + self.car.length - self.car.rear_overhang
        lane = self.road.lane_at(self._ego.station, self._ego.lateral)
        return ScriptContext(
            self.time, self.physics_dt, front, front - self.car.length, self._ego.speed, lane, self.road,
            self._episode.traffic,
        )  # fmt: skip
