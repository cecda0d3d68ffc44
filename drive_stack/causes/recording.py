"""The drive that failed, driven once more and observed: what was hit, when it was tracked, when it braked."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from drive_stack.agent_errors import AgentError
from drive_stack.causes.changes import Actor
from drive_stack.causes.drivers import ControlRecorder
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.rollout import Moment, Rollout
from drive_stack.geometry import to_local
from drive_stack.interfaces import close_agent
from drive_stack.types import FloatArray, ObjectClass, Track
from drive_stack.world_state import WalkerKind, WorldState

OBSERVED = 4.0  # of the drive before its end, in which actors near the ego are collected [s]
MAX_OTHERS = 2  # actors that are changed in addition to the one that was hit
BRAKING = -1.0  # a command below this brakes [m/s²]
MAX_MATCH_DISTANCE = 4.0  # between a track and the actor that it is of [m]
_AHEAD, _ASIDE = 60.0, 6.0  # area ahead of the rear axle and on both sides, in which an actor matters [m]
_STATIONARY = 0.1  # [m/s]


@dataclass(frozen=True, slots=True)
class Recording:
    """A drive that failed. Times are since the start of the episode [s]."""

    result: EpisodeResult
    dt: float  # between two steps [s]
    moment: float  # at which it failed; where it got stuck, at which it came to rest
    accelerations: tuple[float, ...]  # commanded at each step [m/s²]
    actors: tuple[Actor, ...]  # that may have a part in it; the one that was hit comes first
    state: WorldState  # at the end
    late_images: bool  # whether an image was late or lost
    braking_since: float | None  # since when it braked without interruption until the end; None: not at all
    tracked_since: float | None  # the same for a track of the actor that was hit

    @property
    def hit(self) -> Actor | None:
        """What was hit; None where nothing was, or the rail."""
        return next((actor for actor in self.actors if actor.is_hit), None)

    @property
    def event(self) -> str:
        """The failure as it stands after "before"."""
        if self.result.collision_with is not None:
            return "the collision"
        return {Status.OFF_ROAD: "it left the road", Status.STUCK: "it came to rest"}.get(
            self.result.status, "the time limit"
        )


def record(build: AgentBuilder, task: BatchTask) -> Recording:
    """Drive an episode again and observe it.

    Raises:
        ConfigError: the agent cannot be built.
    """
    env = DrivingEnv(EnvSpec(task.scenario, camera=task.uses_camera))
    try:
        try:
            agent = build(
                task.agent, env.platform, oracles=env.oracles, truth=env.truth, overrides=task.overrides
            )
        except AgentError as error:
            raise ConfigError(f"{task.agent}: {error}") from None
        try:
            return _observe(env, ControlRecorder(agent), task)
        finally:
            close_agent(agent)
    finally:
        env.close()


def _observe(env: DrivingEnv, agent: ControlRecorder, task: BatchTask) -> Recording:
    rollout = Rollout(env, agent, scenario=task.scenario, seed=task.seed)
    recent: deque[Moment] = deque(maxlen=round(OBSERVED / env.platform.dt))
    late, rest = False, 0.0
    while not rollout.done:
        moment = rollout.advance()
        recent.append(Moment(moment.observation, moment.state, moment.trace))
        late |= moment.observation.image_age > 0.0
        if moment.state.ego.speed > _STATIONARY:
            rest = moment.state.time
    state = rollout.moment().state
    # as for the recorded row: an agent that was privileged before the episode stays so
    result = replace(rollout.result, privileged=rollout.episode.privileged or task.privileged)
    hit = rollout.log.contacts[0][0].actor_id if rollout.log.contacts else None
    dt = env.platform.dt
    return Recording(
        result=result,
        dt=dt,
        moment=rest + dt if result.status is Status.STUCK else state.time,
        accelerations=tuple(agent.accelerations),
        actors=_actors([*(moment.state for moment in recent), state], hit),
        state=state,
        late_images=late,
        braking_since=_since([value < BRAKING for value in agent.accelerations], state.time, dt),
        tracked_since=_since([_is_tracked(moment, hit) for moment in recent], state.time, dt),
    )


def _since(steps: list[bool], end: float, dt: float) -> float | None:
    """Time since which all steps until the end are true [s]; None where the last one is false."""
    count = next((number for number, step in enumerate(reversed(steps)) if not step), len(steps))
    return end - count * dt if count else None


def _is_tracked(moment: Moment, actor: int | None) -> bool:
    trace = moment.trace
    if trace is None or actor is None:
        return False
    ids, positions = _positions(moment.state)
    rows = np.flatnonzero(ids == actor)
    return bool(len(rows)) and any(_is_of(track, positions[rows[0]]) for track in trace.tracks)


def _is_of(track: Track, position: FloatArray) -> bool:
    return bool(np.hypot(*(track.position - position)) < MAX_MATCH_DISTANCE)


def _positions(state: WorldState) -> tuple[NDArray[np.int64], FloatArray]:
    """Ids (N,) of all actors and their positions (N, 2) in the ego frame [m]."""
    groups, ego = (state.vehicles, state.pedestrians, state.obstacles), state.ego
    x, y = (np.concatenate([getattr(group, axis) for group in groups]) for axis in ("x", "y"))
    positions = to_local(np.column_stack([x, y]), np.array([ego.x, ego.y]), ego.yaw)
    return np.concatenate([group.id for group in groups]), positions


def _actors(states: list[WorldState], hit: int | None) -> tuple[Actor, ...]:
    """The actor that was hit and those that came nearest, ahead of the ego or next to it."""
    distances: dict[int, float] = {}
    for state in states:
        ids, positions = _positions(state)
        near = (positions[:, 0] > 0.0) & (positions[:, 0] < _AHEAD) & (np.abs(positions[:, 1]) < _ASIDE)
        for actor, position in zip(ids[near].tolist(), positions[near], strict=True):
            distance = float(np.hypot(*position))
            distances[actor] = min(distance, distances.get(actor, np.inf))
    others = sorted((actor for actor in distances if actor != hit), key=lambda actor: distances[actor])
    chosen = [actor for actor in (hit,) if actor] + others[:MAX_OTHERS]
    named = [_actor(states[-1], actor, is_hit=actor == hit) for actor in chosen]
    return _distinct(tuple(actor for actor in named if actor is not None))


def _actor(state: WorldState, actor: int, *, is_hit: bool) -> Actor | None:
    """None for an actor that has left the world."""
    people = state.pedestrians
    for group in (state.vehicles, people, state.obstacles):
        rows = np.flatnonzero(group.id == actor)
        if len(rows):
            row = int(rows[0])
            is_person = group is people and people.kind[row] == WalkerKind.PERSON
            is_child = is_person and bool(people.child[row])
            name = ObjectClass(int(group.label[row])).name.lower().replace("_", " ")
            return Actor(actor, "child" if is_child else name, is_hit, group is state.vehicles, is_person)
    return None


def _distinct(actors: tuple[Actor, ...]) -> tuple[Actor, ...]:
    """The actors with different names, such as "car", "other car" and "other car 2"."""
    named: list[Actor] = []
    for actor in actors:
        names = {other.name for other in named}
        candidates = [actor.name, f"other {actor.name}", *(f"other {actor.name} {n}" for n in range(2, 9))]
        name = next(name for name in candidates if name not in names)
        named.append(Actor(actor.id, name, actor.is_hit, actor.is_vehicle, actor.is_person))
    return tuple(named)
