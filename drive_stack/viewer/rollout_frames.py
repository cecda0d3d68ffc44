"""Conversion of a rollout to frames for the viewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.result import EpisodeResult, Status, succeeded
from drive_stack.evaluation.rollout import Moment, Rollout
from drive_stack.objects.classes import contact_name
from drive_stack.types import Contact, StepTrace
from drive_stack.viewer.headline import Headline, Headlines, Urgency
from drive_stack.viewer.interpolation.traces import trace_after
from drive_stack.viewer.records import Event, History, Layer, Timeline, ViewFrame

_KMH = 3.6
_ALWAYS_OFFERED = frozenset((Layer.TRUTH, Layer.TRUE_BOXES))


class RolloutView:
    """Makes the frames of one rollout and remembers what they show of the past.

    ``count`` is the number of the episode (from 1) and the number of episodes. ``recorded`` is the result of
    the drive that a replay repeats.
    """

    def __init__(
        self,
        env: DrivingEnv,
        rollout: Rollout,
        count: tuple[int, int] = (1, 1),
        recorded: EpisodeResult | None = None,
    ) -> None:
        self._env, self._rollout, self._count = env, rollout, count
        self._headlines, self._history = Headlines(), History()
        self._headline: Headline | None = None
        self._offered = _ALWAYS_OFFERED
        self._recorded, self._start = recorded, rollout.log.time[0]
        self._events: list[Event] = []
        self._lane = -1  # last lane that held the ego's centre
        self._last: Moment | None = None  # on which the agent has acted
        self.at_end = False  # the end of the episode was shown

    def present(self) -> ViewFrame:
        """The frame of the present instant: of the start of the episode, or of its end."""
        moment, last = self._rollout.moment(), self._last
        if last is not None:
            elapsed = moment.state.time - last.state.time
            trace = last.trace and trace_after(last.trace, last.state.ego, moment.state.ego, elapsed)
            moment = replace(moment, trace=trace)
            self._history.add(moment.state, trace)
        self.at_end = self._rollout.done
        frame = self._frame(moment)
        if not self.at_end:
            return frame
        return replace(
            frame, outcome=self._rollout.status.value, outcome_details=_outcome_details(self._rollout)
        )

    def driven(self, moment: Moment) -> ViewFrame:
        """The frame of the next moment on which the agent has acted."""
        moment = replace(moment, trace=_with_attention_once(moment.trace))
        self._last = moment
        self._history.add(moment.state, moment.trace)
        before, self._headline = self._headline, self._headlines.of(moment.state, moment.trace)
        elapsed = moment.state.time - self._start
        lane = moment.state.road.lane_at(moment.state.ego.station, moment.state.ego.lateral)
        marks = braking_event(elapsed, before, self._headline), lane_change_event(elapsed, self._lane, lane)
        self._events += [mark for mark in marks if mark is not None]
        self._lane = lane if lane >= 0 else self._lane
        self._offered |= layers_of(moment.trace)
        return self._frame(moment)

    def _frame(self, moment: Moment) -> ViewFrame:
        rollout, episode = self._rollout, self._rollout.episode
        return ViewFrame(
            observation=moment.observation,
            state=moment.state,
            camera_model=self._env.platform.camera,
            agent_name=episode.agent,
            scenario=episode.scenario,
            seed=episode.seed,
            trace=moment.trace,
            headline=self._headline,
            offered=self._offered,
            score=score_lines(rollout),
            history=self._history.points,
            episode=self._count[0],
            episodes=self._count[1],
            timeline=self._timeline(moment),
            privileged=episode.privileged,
            picture=self._env.picture if self._env.spec.camera else None,
        )

    def _timeline(self, moment: Moment) -> Timeline | None:
        if self._recorded is None:
            return None
        elapsed, duration = moment.state.time - self._start, max(self._recorded.duration_s, 0.1)
        events = *self._events, *failure_events(self._recorded)
        return Timeline(elapsed, duration, events)


def _with_attention_once(trace: StepTrace | None) -> StepTrace | None:
    """A trace whose attention is computed at most once, however many frames show it."""
    if trace is None or trace.attention is None:
        return trace
    return replace(trace, attention=cache(trace.attention))


def _outcome_details(rollout: Rollout) -> tuple[str, ...]:
    if not rollout.log.contacts:
        return ()
    (contact, verdict), result = rollout.log.contacts[0], rollout.result
    return outcome_lines(
        contact, at_fault=verdict.at_fault, avoidable=result.avoidable, reason=result.avoidable_reason
    )


def braking_event(elapsed: float, before: Headline | None, now: Headline | None) -> Event | None:
    """The mark for braking that begins or becomes hard ``elapsed`` s after the start; None if neither."""
    if now is None or not now.braking:
        return None
    if before is not None and before.braking and before.urgency >= now.urgency:
        return None
    return Event(elapsed, now.urgency)


def lane_change_event(elapsed: float, before: int, now: int) -> Event | None:
    """The mark where the ego's centre enters another lane; −1 for ``before`` or ``now`` is none."""
    return Event(elapsed, Urgency.CALM) if now not in (-1, before) and before >= 0 else None


def failure_events(recorded: EpisodeResult) -> tuple[Event, ...]:
    """The mark at the end of a recorded drive that did not succeed."""
    if succeeded(recorded):
        return ()
    text = recorded.status.value.replace("_", " ")
    if recorded.status is Status.COLLISION and recorded.collision_with is not None:
        text = f"collision with {recorded.collision_with}"
    return (Event(recorded.duration_s, Urgency.DANGER, text),)


def layers_of(trace: StepTrace | None) -> frozenset[Layer]:
    """The layers for which a trace has something to show."""
    if trace is None:
        return frozenset()
    plans = trace.plan is not None  # by what it tracks and predicts, even where there is nothing now
    found = {
        Layer.DETECTIONS: bool(trace.detections),
        Layer.TRACKS: bool(trace.tracks) or plans,
        Layer.LANES: trace.lanes is not None,
        Layer.PREDICTIONS: bool(trace.predictions) or plans,
        Layer.PLANS: plans,
        Layer.ATTENTION: trace.attention is not None,
    }
    return frozenset(layer for layer, exists in found.items() if exists)


def outcome_lines(
    contact: Contact, *, at_fault: bool, avoidable: bool | None, reason: str | None
) -> tuple[str, ...]:
    """What the ego hit, at what speed, and whether a careful driver would have avoided it, and why."""
    name = contact_name(contact)
    what = f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
    who = f"Hit {what}" if at_fault else f"Was hit by {what}"
    speeds = _KMH * contact.impact_speed, _KMH * contact.ego_speed
    line = f"{who} at {speeds[0]:.0f} km/h, while driving {speeds[1]:.0f} km/h"
    if avoidable is None:
        return (line,)
    word = "Avoidable" if avoidable else "Not avoidable"
    return (line, f"{word} for a careful driver (UN R157): {reason}")


def score_lines(rollout: Rollout) -> Mapping[str, str]:
    """The score so far: label → text for the screen."""
    log = rollout.log
    lines = {
        "Progress": f"{100.0 * log.route_completion:.0f} %",
        "Distance": f"{log.distance:.0f} m",
        "Time": f"{log.time[-1] - log.time[0]:.1f} s",
        "Least TTC": "–" if log.min_ttc is None else f"{log.min_ttc:.1f} s",
        "Driving score": f"{rollout.driving_score:.0f}",
    }
    if log.contacts:
        contact, verdict = log.contacts[0]
        lines["Hit"] = f"{contact_name(contact)}, {'at fault' if verdict.at_fault else 'not at fault'}"
    return lines
