"""Inputs of the viewer: one frozen frame per step, and the session that makes the steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeVar

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.types import Control, Image, Observation, StepTrace, Track
from drive_stack.viewer.headline import Headline, Urgency
from drive_stack.world_state import WorldState


class Layer(Enum):
    """A layer that can be shown or hidden; the value is its key and its title on the screen."""

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
        """Its title on the screen."""
        return self.value[1]


DEFAULT_LAYERS = frozenset(Layer) - {Layer.TRUE_BOXES}


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One point of the traces."""

    time: float  # [s]
    speed: float  # [m/s]
    speed_limit: float  # [m/s]
    planned_speed: float  # of the plan, 1 s ahead [m/s]; NaN without a plan
    steering: float  # reached road-wheel angle [rad]
    requested_steering: float  # requested by the agent [rad]; NaN before its first step


class History:
    """The last seconds of an episode, for the traces."""

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._points: deque[HistoryPoint] = deque()

    def clear(self) -> None:
        """Forget everything; call at each reset."""
        self._points.clear()

    def add(self, state: WorldState, trace: StepTrace | None) -> None:
        """Add one agent step."""
        plan = trace.plan if trace is not None else None
        self._points.append(
            HistoryPoint(
                time=state.time,
                speed=state.ego.speed,
                speed_limit=state.speed_limit,
                planned_speed=float(np.interp(1.0, plan.times, plan.speeds)) if plan else float("nan"),
                steering=state.ego.steering,
                requested_steering=trace.control.steering if trace is not None else float("nan"),
            )
        )
        while state.time - self._points[0].time > self._seconds + 1e-6:
            self._points.popleft()

    @property
    def points(self) -> tuple[HistoryPoint, ...]:
        """Oldest first."""
        return tuple(self._points)


@dataclass(frozen=True, slots=True)
class Event:
    """A mark on the timeline of a replay: calm for a lane change, else for braking or the failure."""

    elapsed: float  # since the start of the drive [s]
    urgency: Urgency
    text: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """How far a replay is."""

    elapsed: float  # since the start of the drive [s]
    duration: float  # of the recorded drive, > 0 [s]
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class ViewFrame:
    """All data of one frame. `observation`, `state` and `trace` belong to the same time."""

    observation: Observation
    state: WorldState
    camera_model: CameraModel
    agent_name: str
    scenario: str
    seed: int
    trace: StepTrace | None = None  # None before the first step, and for agents without a trace
    expert: Control | None = None  # the expert's control in this state; None if not computed
    score: Mapping[str, str] = field(default_factory=dict)  # label → text, in order
    headline: Headline | None = None  # what the agent does and why; None where it says nothing
    offered: frozenset[Layer] = frozenset(Layer)  # layers for which this agent has something to show
    history: tuple[HistoryPoint, ...] = ()
    episode: int = 1  # from 1
    episodes: int = 1
    timeline: Timeline | None = None  # of a replay; None for other drives
    privileged: bool = False  # the agent reads the truth
    outcome: str | None = None  # how the episode ended; None while it runs
    outcome_details: tuple[str, ...] = ()  # what was hit, how fast, and whether it was avoidable
    picture: Callable[[WorldState], Image] | None = None  # the camera's image of a state; None: no camera


def cause_track(frame: ViewFrame) -> Track | None:
    """The track for which the ego brakes; None where it brakes for none, and where the track has ended."""
    if frame.trace is None or frame.headline is None or not frame.headline.braking:
        return None
    headline = frame.headline
    return next((track for track in frame.trace.tracks if headline.names(track.id)), None)


@dataclass(frozen=True, slots=True)
class Playback:
    """State of the playback."""

    paused: bool = False
    speed_factor: float = 1.0  # requested; 1 is real time
    reached: float | None = None  # measured speed factor, if it is lower than requested
    behind: float = 0.0  # how far before the newest frame the shown one is [s]
    jumping: bool = False  # drives on to the end without showing each step


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence about a race, from the instant on at which what it says has happened."""

    elapsed: float  # since the start of the race [s]
    text: str
    driver: int | None = None  # index of the driver that it is about; None: of the road, or of all
    urgency: Urgency = Urgency.CALM


@dataclass(frozen=True, slots=True)
class RaceFrame:
    """One frame of a race; each driver has its own world with the same scenario and seed."""

    drivers: tuple[ViewFrame, ...]  # each has a unique name
    progress: tuple[float, ...]  # along the route, 0 … 1
    scores: tuple[float, ...]  # driving score so far, 0 … 100
    leader: int | None = None  # index of the leading driver; None if several are equal
    verdict: str | None = None  # the winner and the reason, when all have finished
    verdict_details: tuple[str, ...] = ()  # further sentences on it, of a narrated race
    captions: tuple[Caption, ...] | None = None  # so far, in order; None: the race is not narrated

    @property
    def time(self) -> float:
        """Longest driving time of all drivers [s]."""
        return max(frame.state.time for frame in self.drivers)


Frame = TypeVar("Frame")
FrameMade_co = TypeVar("FrameMade_co", covariant=True)
FrameDrawn_contra = TypeVar("FrameDrawn_contra", contravariant=True)


class Session(Protocol[FrameMade_co]):
    """A run that can be stepped; the viewer's only access to the simulation."""

    @property
    def dt(self) -> float:
        """Simulated time of one step [s]."""
        ...

    @property
    def done(self) -> bool:
        """Whether the current episode has ended and its end was shown."""
        ...

    def reset(self) -> FrameMade_co:
        """Restart the current episode."""
        ...

    def step(self) -> FrameMade_co:
        """Make one agent step, or show how the episode has ended; allowed only while not `done`."""
        ...

    def next_episode(self) -> FrameMade_co | None:
        """Start the next requested episode; None if none remains."""
        ...

    def next_scenario(self) -> FrameMade_co:
        """Start an episode of the next scenario in the catalogue."""
        ...


class PreparedSession(Session[FrameMade_co], Protocol[FrameMade_co]):
    """A session that can be prepared before a window opens."""

    def begin(self) -> None:
        """Build worlds and agents now, so that errors in them appear early."""
        ...
