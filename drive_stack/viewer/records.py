"""What the viewer is handed: one frozen frame a step, and the session that makes the steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeVar

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.types import Control, Observation, StepTrace
from drive_stack.world_state import WorldState


class Layer(Enum):
    """What can be shown or hidden; the value is its key and its name on the screen."""

    DETECTIONS = ("1", "detections")
    TRACKS = ("2", "tracks")
    LANES = ("3", "lanes")
    PREDICTIONS = ("4", "predictions")
    PLANS = ("5", "plans")
    TRUTH = ("6", "truth")
    TRUE_BOXES = ("7", "true boxes")
    ATTENTION = ("8", "attention")

    @property
    def key(self) -> str:
        """The key that toggles it."""
        return self.value[0]

    @property
    def title(self) -> str:
        """Its name for a person."""
        return self.value[1]


DEFAULT_LAYERS = frozenset(Layer) - {Layer.TRUE_BOXES}


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One instant of the traces."""

    time: float  # [s]
    speed: float  # [m/s]
    speed_limit: float  # [m/s]
    planned_speed: float  # of the plan, one second on [m/s]; NaN without a plan
    steering: float  # reached road-wheel angle [rad]
    asked_steering: float  # what the agent asked for [rad]; NaN before its first step


class History:
    """The last seconds of an episode, for the traces."""

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._points: deque[HistoryPoint] = deque()

    def clear(self) -> None:
        """Forget everything; call at each reset."""
        self._points.clear()

    def add(self, state: WorldState, trace: StepTrace | None) -> None:
        """Note one agent step."""
        plan = trace.plan if trace is not None else None
        self._points.append(
            HistoryPoint(
                time=state.time,
                speed=state.ego.speed,
                speed_limit=state.speed_limit,
                planned_speed=float(np.interp(1.0, plan.times, plan.speeds)) if plan else float("nan"),
                steering=state.ego.steering,
                asked_steering=trace.control.steering if trace is not None else float("nan"),
            )
        )
        while state.time - self._points[0].time > self._seconds + 1e-6:
            self._points.popleft()

    @property
    def points(self) -> tuple[HistoryPoint, ...]:
        """Oldest first."""
        return tuple(self._points)


@dataclass(frozen=True, slots=True)
class ViewFrame:
    """All that one picture shows. `observation`, `state` and `trace` belong to the same instant."""

    observation: Observation
    state: WorldState
    camera_model: CameraModel
    agent_name: str
    scenario: str
    seed: int
    trace: StepTrace | None = None  # None before the first step, and of agents that say nothing
    expert: Control | None = None  # what the expert would do here; None where nobody asks
    score: Mapping[str, str] = field(default_factory=dict)  # label → text, in order
    history: tuple[HistoryPoint, ...] = ()
    episode: int = 1  # from 1
    episodes: int = 1
    privileged: bool = False  # the agent reads the truth
    outcome: str | None = None  # how the episode ended; None while it runs


@dataclass(frozen=True, slots=True)
class Playback:
    """The pace at which frames are shown."""

    paused: bool = False
    speed_factor: float = 1.0  # asked for, 1 is real time
    reached: float | None = None  # the factor that the machine keeps up, where it is less


@dataclass(frozen=True, slots=True)
class RaceFrame:
    """One instant of a race: the same scenario and seed in a world for each driver."""

    drivers: tuple[ViewFrame, ...]  # each with a name of its own
    progress: tuple[float, ...]  # along the route, 0 … 1
    scores: tuple[float, ...]  # driving score so far, 0 … 100
    leader: int | None = None  # who is ahead; None where nobody is alone in front
    verdict: str | None = None  # who won and why, once all are done

    @property
    def time(self) -> float:
        """The longest that any has driven [s]."""
        return max(frame.state.time for frame in self.drivers)


Frame = TypeVar("Frame")
FrameMade_co = TypeVar("FrameMade_co", covariant=True)
FrameDrawn_contra = TypeVar("FrameDrawn_contra", contravariant=True)


class Session(Protocol[FrameMade_co]):
    """A run that can be stepped; the viewer calls it and knows nothing else of the simulation."""

    @property
    def dt(self) -> float:
        """Simulated time of one step [s]."""
        ...

    @property
    def done(self) -> bool:
        """Whether the present episode is over."""
        ...

    def reset(self) -> FrameMade_co:
        """Begin the present episode, from its start, again."""
        ...

    def step(self) -> FrameMade_co:
        """One agent step; only while not `done`."""
        ...

    def next_episode(self) -> FrameMade_co | None:
        """Begin the next episode that was asked for; None where none is left."""
        ...

    def next_scenario(self) -> FrameMade_co:
        """Begin an episode of the next scenario of the catalogue."""
        ...


class PreparedSession(Session[FrameMade_co], Protocol[FrameMade_co]):
    """One that can be made ready before anything opens."""

    def begin(self) -> None:
        """Make worlds and drivers now, so that what is wrong with them shows."""
        ...
