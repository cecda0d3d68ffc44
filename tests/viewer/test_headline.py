"""The headline names what the ego brakes for, in every part of the screen alike."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import view_samples
from golden_recording import GOLDEN, TRACES
from golden_traces.trace import read_trace

from drive_stack.planning.speed_caps import SPEED_LIMIT
from drive_stack.types import Behaviour, Cause, Contact, ContactKind, ObjectClass, Side, StepTrace
from drive_stack.vehicle import VehicleParameters
from drive_stack.viewer import headline as headline_module
from drive_stack.viewer.camera_panel import distance_ahead
from drive_stack.viewer.decision_panel import pedal_comparison
from drive_stack.viewer.frame import FrameRenderer
from drive_stack.viewer.headline import Headline, Headlines, Urgency, headline, metres
from drive_stack.viewer.layout import arrange
from drive_stack.viewer.records import Event, Layer, cause_track
from drive_stack.viewer.rollout_frames import braking_event, lane_change_event, layers_of, outcome_lines
from drive_stack.viewer.theme import Theme

CAUSE = Cause("person", 11, 32.4)
PLAN = replace(view_samples.plan(view_samples.world()), cause=CAUSE)


@pytest.mark.parametrize(
    ("acceleration", "text", "urgency"),
    [
        (-1.49, "Follow", Urgency.CALM),
        (-1.5, "Braking for person #11", Urgency.CAUTION),
        (-3.99, "Braking for person #11", Urgency.CAUTION),
        (-4.0, "Braking for person #11", Urgency.DANGER),
    ],
)
def test_from_which_braking_on_the_cause_is_named(acceleration: float, text: str, urgency: Urgency) -> None:
    shown = headline(acceleration, PLAN)
    assert shown is not None and (shown.text, shown.urgency) == (text, urgency)
    assert shown.braking is text.startswith("Braking")


def test_an_emergency_is_red_before_the_brakes_act() -> None:
    shown = headline(0.0, replace(PLAN, behaviour=Behaviour.EMERGENCY))
    assert shown is not None and (shown.text, shown.urgency) == ("Braking for person #11", Urgency.DANGER)


def test_an_agent_without_a_plan_has_a_headline_only_while_it_brakes() -> None:
    assert headline(-1.0, None) is None
    assert headline(-2.0, None) == Headline("Braking", Urgency.CAUTION, braking=True)


def test_braking_is_shown_for_half_a_second_at_least_and_never_less_urgently() -> None:
    headlines = Headlines()
    accelerations = [-5.0, *[-2.0] * 6, *[0.0] * 5]
    urgencies = []
    for step, acceleration in enumerate(accelerations):
        shown = headlines.update(0.1 * step, acceleration, PLAN)
        assert shown is not None
        urgencies.append(int(shown.urgency))
    # Red is held for 0.5 s from step 0, amber for 0.5 s from step 6, the last that brakes.
    assert urgencies == [2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 0]


def test_a_held_headline_shows_the_present_distance_of_its_cause_alone() -> None:
    headlines = Headlines()
    headlines.update(0.0, -2.0, PLAN)
    nearer = replace(PLAN, cause=replace(CAUSE, distance=30.1), reason="30 m")
    shown = headlines.update(0.1, 0.0, nearer)
    assert shown is not None and shown.full_text == "Braking for person #11, 30 m" and shown.reason == "30 m"
    other = replace(PLAN, cause=Cause("vehicle", 3, 8.0), reason="8 m")
    shown = headlines.update(0.2, 0.0, other)
    assert shown is not None and shown.text == "Braking for person #11" and shown.reason == PLAN.reason


def test_braking_keeps_its_cause_where_the_plan_has_released_the_brake() -> None:
    """The brakes act later than the plan, so that a car still brakes when its plan has no cause left."""
    headlines, released = Headlines(), replace(PLAN, cause=None, reason="free road")
    assert headlines.update(0.0, -2.0, released) == Headline(
        "Braking", Urgency.CAUTION, "free road", braking=True
    )
    headlines.update(0.1, -5.0, PLAN)
    shown = [headlines.update(0.1 * step, -2.0, released) for step in range(2, 8)]
    assert all(one is not None and one.cause is not None and one.names(11) for one in shown)
    last = shown[-1]  # no longer red; without a plan for it, its distance is unknown
    assert last is not None and (last.full_text, last.reason) == ("Braking for person #11", "free road")


def test_who_is_not_too_fast_does_not_brake_for_the_speed_limit() -> None:
    """A plan names the limit, which is what limits its speed behind the person for whom it brakes."""
    assert SPEED_LIMIT.name == headline_module.SPEED_LIMIT
    free = replace(PLAN, cause=SPEED_LIMIT, behaviour=Behaviour.CRUISE, reason="free road, 60 km/h allowed")
    assert headline(-2.0, free) == Headline("Braking", Urgency.CAUTION, braking=True)
    fast = headline(-2.0, free, speeding=True)
    assert fast is not None and (fast.text, fast.reason) == ("Braking for the speed limit", free.reason)
    calm = headline(0.0, free)
    assert calm is not None and (calm.text, calm.reason) == ("Cruise", free.reason)
    headlines = Headlines()
    headlines.update(0.0, -5.0, PLAN)
    shown = headlines.update(0.1, -5.0, free)
    assert shown is not None and (shown.full_text, shown.reason) == ("Braking for person #11", "")


@pytest.mark.parametrize("name", list(TRACES))
def test_no_recorded_step_brakes_without_saying_so(name: str) -> None:
    """Each step of the golden drives that brakes by 1.5 m/s² or more names a track of it or the limit."""
    headlines, braked = Headlines(), 0
    for step, recorded in enumerate(read_trace(GOLDEN / f"{name}.json.gz").steps):
        plan, acceleration = recorded.outputs.planner, recorded.inputs.acceleration
        acceleration = min(acceleration, recorded.outputs.longitudinal)
        speeding = recorded.inputs.speed > recorded.inputs.speed_limit
        shown = headlines.update(0.1 * step, acceleration, plan, speeding=speeding)
        assert shown is not None
        if acceleration <= -1.5:
            braked += 1
            assert shown.text.startswith("Braking") and shown.urgency > Urgency.CALM
            if step > 2:  # the tracker starts at the first step
                assert shown.cause is not None
                if shown.cause.track_id is None:
                    assert shown.text == "Braking for the speed limit" and "allowed" in shown.reason
                    continue
                assert shown.cause.distance is not None
                assert shown.cause.track_id in [track.id for track in recorded.outputs.tracker]
                distance = metres(shown.cause.distance)
                assert distance in shown.full_text
                assert distance in shown.reason or "changing" in shown.reason  # the reason of a lane change
    assert braked >= (0 if name == "lane_is_closed" else 8)


def test_the_distance_is_from_bumper_to_bumper() -> None:
    """A car of 4 m at 32 m, seen from a rear axle 3 m behind the front: 32 − 2 − 3 = 27 m."""
    car = VehicleParameters()
    front = car.length - car.rear_overhang
    track = view_samples.tracks(view_samples.world())[0]
    ahead = replace(track, position=np.array([29.0 + front, 0.0]), length=4.0, heading=0.0)
    assert distance_ahead(ahead, car) == pytest.approx(27.0)
    across = replace(ahead, heading=np.pi / 2.0, width=2.0)
    assert distance_ahead(across, car) == pytest.approx(28.0)


@pytest.mark.parametrize(("acceleration", "colour"), [(-2.0, Theme().warning), (-5.0, Theme().danger)])
def test_the_cause_is_emphasised_in_both_views(acceleration: float, colour: tuple[int, int, int]) -> None:
    frame = view_samples.view_frame()
    assert frame.trace is not None
    frame = replace(frame, trace=replace(frame.trace, plan=PLAN))
    renderer, layout = FrameRenderer(1600, 900), arrange(1600, 900, 2.5)
    calm = renderer.draw(frame).copy()
    frame = replace(frame, headline=headline(acceleration, PLAN))
    track = cause_track(frame)
    assert track is not None and track.id == 11
    braking = renderer.draw(frame)
    for panel in (layout.camera, layout.birdseye):
        area = np.s_[panel.top : panel.bottom, panel.left : panel.right]
        added = (np.abs(braking[area].astype(int) - colour).max(-1) < 20) & (calm[area] != braking[area]).any(
            -1
        )
        assert added.sum() > 500


def test_only_layers_of_what_an_agent_computes_are_offered() -> None:
    whole = view_samples.trace(view_samples.world())
    assert layers_of(whole) == set(Layer) - {Layer.TRUTH, Layer.TRUE_BOXES, Layer.ATTENTION}
    policy = StepTrace(whole.control, attention=lambda: np.zeros((2, 2), dtype=np.float32))
    assert layers_of(policy) == {Layer.ATTENTION}
    assert layers_of(StepTrace(whole.control)) == layers_of(None) == frozenset()


@pytest.mark.parametrize(
    ("own", "expert", "text"),
    [
        (-5.1, -8.0, "brakes 5.1, expert 8.0 m/s²"),
        (0.4, -2.0, "accelerates 0.4, expert brakes 2.0 m/s²"),
        (-1.0, 0.0, "brakes 1.0, expert accelerates 0.0 m/s²"),
        (-0.04, 0.3, "accelerates 0.0, expert 0.3 m/s²"),
    ],
)
def test_a_policys_pedals_are_shown_next_to_those_of_the_expert(own: float, expert: float, text: str) -> None:
    assert pedal_comparison(own, expert) == text


def test_a_replay_marks_where_braking_begins_and_becomes_hard() -> None:
    calm, braking, hard = (headline(acceleration, PLAN) for acceleration in (0.0, -2.0, -5.0))
    marks = [
        braking_event(1.5, *pair) for pair in pairwise((None, calm, braking, braking, hard, braking, calm))
    ]
    assert (
        marks == [None, None, Event(1.5, Urgency.CAUTION), None, Event(1.5, Urgency.DANGER), None, None][1:]
    )


def test_a_replay_marks_where_the_ego_enters_another_lane() -> None:
    lanes = (1, 1, -1, 1, 0, -1)  # on the line at −1, then back; then to the left, then off the lanes
    marks, last = [], -1
    for lane in lanes:
        marks.append(lane_change_event(2.0, last, lane))
        last = lane if lane >= 0 else last
    assert marks == [None, None, None, None, Event(2.0, Urgency.CALM), None]


def test_the_ending_tells_what_was_hit_how_fast_and_whether_it_was_avoidable() -> None:
    contact = Contact(3.0, 7, ContactKind.OBJECT, Side.FRONT, 12.0, 17.0, 0.0, ObjectClass.ANIMAL)
    lines = outcome_lines(contact, at_fault=True, avoidable=True, reason="time enough")
    assert lines == (
        "Hit an animal at 43 km/h, while driving 61 km/h",
        "Avoidable for a careful driver (UN R157): time enough",
    )
    (first, second) = outcome_lines(contact, at_fault=False, avoidable=False, reason="too late")
    assert first.startswith("Was hit by an animal") and second.startswith("Not avoidable")
    assert len(outcome_lines(contact, at_fault=True, avoidable=None, reason=None)) == 1
