"""Twelve logs, each computed by hand with the original code's rules, term by term.

Sources, by the name used below:

- *statistics*: carla-simulator/leaderboard, branches leaderboard-2.0 and leaderboard-2.1,
  ``leaderboard/utils/statistics_manager.py``. 2.0 multiplies factors (person 0.5, vehicle 0.6, object 0.65,
  minimum speed 1 − 0.3 · (1 − v%), off-lane 1 − fraction); 2.1 divides by 1 + costs (1.0, 0.7, 0.6,
  0.4 · (1 − v%)).
- *criteria*: carla-simulator/scenario_runner, branches leaderboard-2.0 and leaderboard-2.1 (the same file),
  ``srunner/scenariomanager/scenarioatomics/atomic_criteria.py``.
- *nuPlan*: motional/nuplan-devkit, branch master, ``nuplan/planning/metrics/evaluation_metrics/common/``,
  weights in ``closed_loop_reactive_agents_weighted_average.yaml``:
  NC · DAC · DDC · making progress · (5 progress + 5 TTC + 4 speed + 2 comfort) / 16.
- *PDMS*: autonomousvision/navsim, branch v1.1, and *EPDMS*: branch main,
  ``navsim/planning/simulation/planner/pdm_planner/scoring/pdm_scorer.py``:
  NC · DAC · (5 EP + 5 TTC + 2 C) / 12 and NC · DAC · DDC · (5 EP + 5 TTC + 2 LK + 2 HC) / 14.

There is no expert, so progress is the fraction of the route. The ego is 4.7 m × 1.85 m, its rear axle 1.4 m
behind its centre; lanes are 3.6 m wide.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from synthetic_logs import START, Script, log_of
from tiny_world import Body

from drive_stack.evaluation.schemes.scoring import drive_of, scores_of
from drive_stack.types import Contact, ContactKind, Side


def totals(script: Script) -> dict[str, float]:
    return {name: score.total for name, score in scores_of(drive_of(log_of(script), expert=None)).items()}


def within_a_tenth(
    carla_2_0: float, carla_2_1: float, nuplan: float, pdms: float, epdms: float
) -> dict[str, object]:
    expected = {
        "carla_2_0": carla_2_0,
        "carla_2_1": carla_2_1,
        "nuplan": nuplan,
        "pdms": pdms,
        "epdms": epdms,
    }
    return {name: pytest.approx(value, abs=0.1) for name, value in expected.items()}


def steady(speed: float) -> Callable[[float], float]:
    return lambda time: speed * time


def eased(time: float, begin: float, lasts: float) -> float:
    """From 0 to 1 in half a cosine."""
    fraction = min(max((time - begin) / lasts, 0.0), 1.0)
    return 0.5 * (1.0 - math.cos(math.pi * fraction))


def test_1_a_faultless_drive() -> None:
    """400 m in 20 s at 20 m/s in a lane's centre, without other actors: every term is 1 in every scheme."""
    assert totals(Script(20.0, steady(20.0), 400.0)) == within_a_tenth(100.0, 100.0, 100.0, 100.0, 100.0)


def test_2_two_pedestrians_hit_at_the_same_place() -> None:
    """Two pedestrians 0.05 s apart, 100 m into 400 m at 20 m/s; the episode ends there.

    *criteria*, CollisionTest: the second is within COLLISION_RADIUS = 5 m of the first, so one collision.
    *statistics*: route 25 %. 2.0: 25 · 0.5 = 12.5. 2.1: 25 / (1 + 1.0) = 12.5.
    *nuPlan* ``no_ego_at_fault_collisions.py``: hit with the front, a person: NC = max(0, 1 − 2 / 1) = 0.
    *PDMS*, *EPDMS* ``_calculate_no_at_fault_collision``: a person is an agent: NC = 0.
    """
    pedestrians = [
        Body(START + 103.5, 0.0, lateral_speed=1.0, is_pedestrian=True),
        Body(START + 104.5, 0.5, 1.0, is_pedestrian=True),
    ]
    hits = tuple(
        Contact(time, actor, ContactKind.PEDESTRIAN, Side.FRONT, 20.0, 20.0, 1.0)
        for time, actor in ((4.9, 1), (4.95, 2))
    )
    script = Script(5.0, steady(20.0), 400.0, others=lambda time: pedestrians, contacts=hits)
    assert totals(script) == within_a_tenth(12.5, 12.5, 0.0, 0.0, 0.0)


def test_3_blocked_after_47_6_percent() -> None:
    """213 m at 10 m/s, then braking with 2 m/s² for 25 m: 238 m of 500 m; then it stands for 10 s.

    *criteria*, ActorBlockedTest sends VEHICLE_BLOCKED, and *statistics* gives it a failure message and no
    factor (PENALTY_VALUE_DICT has none); a route's timeout neither. 2.0 and 2.1: 47.6.
    *nuPlan*: progress 0.476, TTC, speed and comfort 1 (the step of 2 m/s² has a jerk of 2 m/s³ over the
    window of 15): (5 · 0.476 + 5 + 4 + 2) / 16 = 83.625.
    *PDMS*: (5 · 0.476 + 5 + 2) / 12 = 78.167. *EPDMS*: (5 · 0.476 + 5 + 2 + 2) / 14 = 81.286.
    """

    def distance(time: float) -> float:
        braking = min(max(time - 21.3, 0.0), 5.0)
        return 10.0 * min(time, 21.3) + 10.0 * braking - braking**2

    assert totals(Script(36.3, distance, 500.0)) == within_a_tenth(47.6, 47.6, 83.625, 78.167, 81.286)


def test_4_half_as_fast_as_the_traffic() -> None:
    """400 m at 10 m/s, next to a stream of cars at 20 m/s, 60 m apart, in the next lane.

    *criteria*, MinimumSpeedRouteTest with 4 checkpoints: v% = 50 at each, the last one recorded because the
    route ends beyond 95 %. 2.0: 0.85⁴ = 52.20. 2.1: 1 / (1 + 4 · 0.4 · 0.5) = 55.56.
    The others know no minimum speed: 100 each; who drives past in the next lane is never in the way.
    """

    def stream(time: float) -> list[Body]:
        return [Body(START + 100.0 - 60.0 * place + 20.0 * time, 3.6, 20.0) for place in range(20)]

    script = Script(40.0, steady(10.0), 400.0, others=stream)
    assert totals(script) == within_a_tenth(52.20, 55.56, 100.0, 100.0, 100.0)


def test_5_parked_cars_are_no_traffic() -> None:
    """400 m at 10 m/s past four cars that are parked on the right shoulder.

    *criteria*, MinimumSpeedRouteTest: only vehicles with the role *background* count; parked cars are props
    (leaderboard, ``route_scenario.py``, spawn_parked_vehicles). No traffic: no infraction. All are 100.
    """
    parked = [Body(START + 100.0 * place, -7.0) for place in range(1, 5)]
    script = Script(40.0, steady(10.0), 400.0, others=lambda time: parked, parked=True)
    assert totals(script) == within_a_tenth(100.0, 100.0, 100.0, 100.0, 100.0)


def test_6_swiped_by_a_car_abreast() -> None:
    """Half-way along 400 m at 20 m/s a car abreast moves over at 1 m/s and hits the ego's left side.

    *criteria*, CollisionTest does not ask whose fault it was. *statistics*: 2.0: 50 · 0.6 = 30.
    2.1: 50 / 1.7 = 29.41.
    *nuPlan*: an active lateral collision inside one lane is not at fault: NC 1. TTC: the car's centre is 52°
    from the heading at the rear axle, not within 30°, and the ego is inside one lane: it does not count.
    Progress 0.5: (5 · 0.5 + 5 + 4 + 2) / 16 = 84.375.
    *PDMS*: (5 · 0.5 + 5 + 2) / 12 = 79.167; *EPDMS*: (5 · 0.5 + 5 + 2 + 2) / 14 = 82.143, with the bearing
    taken at one instant. The original measures from the ego now to the car 0.9 s later, 18 m on, and so
    gives TTC 0 here; that is left out on purpose.
    """

    def swiping(time: float) -> list[Body]:
        across = 0.0 if time < 8.0 else -1.0
        return [Body(START + 1.4 + 20.0 * time, 3.6 - max(time - 8.0, 0.0), 20.0, across)]

    hit = Contact(9.7, 1, ContactKind.VEHICLE, Side.LEFT, 1.0, 20.0, 20.0)
    script = Script(10.0, steady(20.0), 400.0, others=swiping, contacts=(hit,))
    assert totals(script) == within_a_tenth(30.0, 29.41, 84.375, 79.167, 82.143)


@pytest.mark.parametrize(
    ("least", "nuplan"),
    [
        pytest.param(0.92, 100.0, id="0.92 s, which nuPlan's steps of 0.1 s make 1.0 s"),
        pytest.param(0.88, 68.75, id="0.88 s, which they make 0.9 s"),
    ],
)
def test_7_a_short_time_to_collision(least: float, nuplan: float) -> None:
    """400 m at 20 m/s; a lead at 10 m/s is ``least`` seconds away when it jumps to 20 m/s, after 10 s.

    *nuPlan* ``time_to_collision_within_bound.py``: both boxes move on in steps of 0.1 s, and the first step
    at which they touch has to be later than 0.95 s. After 0.88 s it is 0.9 s: (5 + 0 + 4 + 2) / 16 = 68.75.
    *PDMS*, *EPDMS* ``_calculate_ttc``: the ego is moved on by 0.9 s at most and held against where the lead
    is by then: 20 · 0.9 = 18 m on, but the lead keeps 10 · ``least`` m ahead: TTC 1, all 100.
    CARLA: the lead's mean speed is 15 m/s or less where the ego drives 20: v% = 100; all 100.
    """

    def lead(time: float) -> list[Body]:
        gap = 10.0 * least + 10.0 * max(10.0 - time, 0.0)
        jumped = time > 10.0 + 1e-6
        return [Body(START + 20.0 * time + 3.75 + gap + 2.25, 0.0, 20.0 if jumped else 10.0)]

    script = Script(20.0, steady(20.0), 400.0, others=lead)
    assert totals(script) == within_a_tenth(100.0, 100.0, nuplan, 100.0, 100.0)


def test_8_stops_late_behind_a_parked_car() -> None:
    """3 m/s for 45.75 m, then 2 m/s² for 2.25 m, up to 0.25 m behind a parked car: 48 m of 100 m; then 5 s.

    When it starts to brake, 2.5 m remain: 0.83 s. *nuPlan*: at the step of 0.9 s the boxes touch: TTC 0.
    The standing ego is not at risk (stopped_speed_threshold 0.005 m/s). Comfort holds. No expert: 0.48.
    (5 · 0.48 + 0 + 4 + 2) / 16 = 52.5.
    *PDMS*: moved on by 0.9 s the ego has gone 2.7 m, the car is ahead: TTC 0: (5 · 0.48 + 2) / 12 = 36.667.
    *EPDMS*: (5 · 0.48 + 2 + 2) / 14 = 45.714. CARLA: 48.
    """

    def distance(time: float) -> float:
        braking = min(max(time - 15.25, 0.0), 1.5)
        return 3.0 * min(time, 15.25) + 3.0 * braking - braking**2

    parked = [Body(START + 48.0 + 3.75 + 0.25 + 2.25, 0.0)]
    script = Script(21.75, distance, 100.0, others=lambda time: parked, parked=True)
    assert totals(script) == within_a_tenth(48.0, 48.0, 52.5, 36.667, 45.714)


def test_9_three_seconds_off_the_lane_centre() -> None:
    """20 m/s, and for 3 s 0.7 m left of the lane centre, still with all wheels in the lane.

    *EPDMS* ``_calculate_lane_keeping``: more than 0.5 m for 20 samples in a row: LK 0:
    (5 + 5 + 0 + 2) / 14 = 85.714. The others know no lane keeping: 100.
    """
    script = Script(
        20.0,
        steady(20.0),
        400.0,
        lateral=lambda time: 0.7 * (eased(time, 5.0, 3.0) - eased(time, 11.0, 3.0)),
    )
    assert totals(script) == within_a_tenth(100.0, 100.0, 100.0, 100.0, 85.714)


def test_10_along_the_shoulder() -> None:
    """20 m/s; from the rightmost lane out by 2.8 m within 4 s, 4 s on the shoulder, and back within 4 s.

    The centre is then 1 m beyond the lane's edge, and the outer wheels 1.925 m, on a shoulder of 3 m.
    *criteria*, OutsideRouteLanesTest: outside from half a lane and ALLOWED_OUT_DISTANCE = 0.5 m on, so from
    2.3 m on. The body's centre is 1.4 m ahead of the axle along the heading, worth at most 0.07 s, so
    2.3 m are passed at 7.83 s and, on the way back, at 14.04 s: of the samples, 7.9 s to 14.0 s, 62 of the
    200 steps: 31 %. 2.0 and 2.1: 69.0.
    *nuPlan*: the shoulder is drivable, DAC 1; off the lanes there is no driving direction: 100. *PDMS*: 100.
    *EPDMS* ``_calculate_driving_direction_compliance``: outside every lane of the route counts as oncoming,
    22 m within the last 11 steps, which is more than 6 m: DDC 0: 0.
    """
    script = Script(
        20.0,
        steady(20.0),
        400.0,
        lateral=lambda time: -3.6 - 2.8 * (eased(time, 5.0, 4.0) - eased(time, 13.0, 4.0)),
    )
    assert totals(script) == within_a_tenth(69.0, 69.0, 100.0, 100.0, 0.0)


def test_11_too_fast_into_a_cone() -> None:
    """Half of 400 m at 20 m/s where 18.885 m/s are allowed, up to a cone that it drives into at the end.

    *statistics*: 2.0: 50 · 0.65 = 32.5. 2.1: 50 / 1.6 = 31.25.
    *nuPlan*: an object: NC = 1 − 1 / 2. Speed: 101 samples 1.115 m/s too fast, over 100 steps and 2.23 m/s:
    1 − 0.505 = 0.495. TTC 0, for it is 0 in an at-fault collision. Progress 0.5.
    0.5 · (5 · 0.5 + 0 + 4 · 0.495 + 2) / 16 = 20.25.
    *PDMS*: NC 0.5; TTC 0; EP is masked by NC · DAC, 0.5 · 0.5: 0.5 · (5 · 0.25 + 0 + 2) / 12 = 13.542.
    *EPDMS*: EP is not masked in branch main: 0.5 · (5 · 0.5 + 0 + 2 + 2) / 14 = 23.214.
    """
    hit = Contact(9.95, 500, ContactKind.OBJECT, Side.FRONT, 20.0, 20.0, 0.0)
    cone = (START + 199.0 + 3.75 + 0.2, 0.0)
    script = Script(10.0, steady(20.0), 400.0, cones=(cone,), contacts=(hit,), limit=18.885)
    assert totals(script) == within_a_tenth(32.5, 31.25, 20.25, 13.542, 23.214)


def test_12_a_corner_a_little_beyond_the_shoulder() -> None:
    """20 m/s, the centre 0.275 m beyond the left edge line.

    The left corners are 1.2 m beyond the line, and the shoulder is 1 m wide: they are 0.2 m off the pavement.
    *nuPlan* ``drivable_area_compliance.py``: below max_violation_threshold = 0.3 m: DAC 1: 100.
    *PDMS*, *EPDMS* ``_calculate_ego_area``: a corner outside every drivable polygon: DAC 0: 0.
    CARLA: less than 0.5 m beyond the lane: 100.
    """
    script = Script(20.0, steady(20.0), 400.0, lateral=lambda time: 5.4 + 0.275)
    assert totals(script) == within_a_tenth(100.0, 100.0, 100.0, 0.0, 0.0)
