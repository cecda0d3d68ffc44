"""The objective of a search: how near a course is to a failure of the driver that need not happen.

`criticality` is a number from −2 to 1, and the search maximises it:

- −2 … −1: the course cannot be solved. The hazard demands more than the careful driver of UN R157 can do; the
  less it demands beyond that, the higher. If the expert fails or the course cannot be drawn, it is −2.
- −1 … 0: the driver passes. Half of it is how little margin was left, half the braking demand of the hazard.
- 0 … 1: the driver fails, the expert passes and the careful driver can avoid the hazard: a *counterexample*.
  Half of it is how severe the failure is, half the demand.

Such a signed measure is called robustness in the falsification of hybrid systems (Fainekos and Pappas 2009),
there with the opposite sign. Both margin and demand are needed: the demand is a smooth function of the course
and leads to the limit of what can be solved even while the driver passes everything with a wide margin, and
the margin leads to the weakness of this driver.
"""

from __future__ import annotations

from drive_stack.evaluation.metrics.ttc import HORIZON
from drive_stack.evaluation.result import EpisodeResult, Status, succeeded
from drive_stack.falsification.drive import UNDRAWABLE
from drive_stack.falsification.outcome import Outcome

STUCK_AFTER = 30.0  # default of a scenario's `stuck_after` [s]
SEVERE_IMPACT = 50.0 / 3.6  # the usual limit in towns; harder impacts are not distinguished [m/s]
_MISSED, _HARMFUL = 0.5, 0.5  # greatest severity of a course that is not completed; least of a collision


def classify(result: EpisodeResult, *, solvable: bool, expert_passed: bool | None) -> Outcome:
    """What a driver's episode shows.

    ``solvable`` is whether the careful driver can avoid the hazard, ``expert_passed`` None where the expert
    need not drive. A collision that is not the driver's fault, or that the careful driver would have had from
    where the driver was, is no failure.
    """
    if result.status is Status.ERROR:
        return Outcome.INVALID if (result.error or "").startswith(UNDRAWABLE) else Outcome.ERROR
    if not solvable:
        return Outcome.UNSOLVABLE
    if not is_failure(result):
        return Outcome.PASSED if succeeded(result) else Outcome.NOT_CHARGED
    return Outcome.COUNTEREXAMPLE if expert_passed else Outcome.EXPERT_FAILED


def is_failure(result: EpisodeResult) -> bool:
    """Whether an episode failed in a way that is charged to the driver."""
    if succeeded(result) or result.status is Status.ERROR:
        return False
    return result.collision_with is None or result.charged


def criticality(outcome: Outcome, result: EpisodeResult, demand: float) -> float | None:
    """The objective; ``demand`` is the `braking_demand` of the hazard. None for an error of the driver."""
    if outcome is Outcome.ERROR:
        return None
    if outcome in (Outcome.EXPERT_FAILED, Outcome.INVALID):
        return -2.0
    if outcome is Outcome.UNSOLVABLE:
        return max(-max(demand, 1.0), -2.0)
    if outcome is Outcome.COUNTEREXAMPLE:
        return (severity(result) + min(demand, 1.0)) / 2.0
    return (1.0 - margin(result) + min(demand, 1.0)) / 2.0 - 1.0


def margin(result: EpisodeResult) -> float:
    """How far an episode stayed from failing, 0 … 1: the least of three margins.

    - To a collision: the minimum time to collision as a fraction of 10 s.
    - To leaving the lane: PilotNet's autonomy, which falls with each time the car is over 1 m off its lane's
      centre.
    - To being stuck: 1 minus the longest standstill before a free road as a fraction of 30 s.

    A course that was not completed, without the driver's fault, has no margin.
    """
    if not succeeded(result):
        return 0.0
    collision = 1.0 if result.min_ttc_s is None else result.min_ttc_s / HORIZON
    stuck = 1.0 - result.standing_free_longest_s / STUCK_AFTER
    return min(max(min(collision, result.autonomy, stuck), 0.0), 1.0)


def severity(result: EpisodeResult) -> float:
    """How bad a failure is, 0 … 1.

    A course that is not completed in time: half of the fraction that was not driven. Leaving the road: 0.5. A
    collision: 0.5 plus half of the impact speed as a fraction of `SEVERE_IMPACT`, at most 1.
    """
    if result.collision_with is not None:
        impact = (result.impact_speed_mps or 0.0) / SEVERE_IMPACT
        return _HARMFUL + (1.0 - _HARMFUL) * min(impact, 1.0)
    if result.status is Status.OFF_ROAD:
        return _HARMFUL
    return _MISSED * (1.0 - result.route_completion)
