"""Everything of the planner that a person may tune."""

from __future__ import annotations

from typing import TypeVar

from drive_stack.bounds import (
    Acceleration,
    Braking,
    Distance,
    Duration,
    Fraction,
    Jerk,
    PlanHorizon,
    PlanStep,
    PositiveDuration,
    Speed,
    TimeStep,
    Weight,
)
from drive_stack.config import StrictModel
from drive_stack.vehicle import DRY_GRIP

Settings = TypeVar("Settings", bound=StrictModel)


class ComfortSettings(StrictModel):
    """nuPlan's comfort bounds with a little kept in hand, and what a passenger likes."""

    min_acceleration: Braking = -4.0  # [m/s²]
    max_acceleration: Acceleration = 2.3
    max_jerk: Jerk = 4.0  # along the car [m/s³]
    curve_acceleration: Acceleration = 2.6  # sideways, chosen by speed [m/s²]
    max_lateral_acceleration: Acceleration = 4.6  # of a candidate [m/s²]
    emergency_jerk: Jerk = 20.0  # [m/s³]


class FollowingSettings(StrictModel):
    """How closely to follow and how early to brake."""

    time_gap: Duration = 1.2  # behind what moves [s]
    stop_time_gap: Duration = 0.6  # towards a place to stop [s]
    standstill_gap: Distance = 4.0  # [m]
    blocked_gap: Distance = 11.0  # behind what stands in the lane: room to pull out [m]
    braking: Acceleration = 2.2  # planned for, behind what moves [m/s²]
    stop_braking: Acceleration = 3.0  # planned for, towards a place to stop [m/s²]
    cut_in_probability: Fraction = 0.4  # from which a predicted cut-in is followed


class CautionSettings(StrictModel):
    """Speed near people and beside what may hide them: slow enough to stop for a step into the road."""

    pace: Speed = 2.2  # of a person who steps out: 8 km/h, as Euro NCAP's running adult [m/s]
    reaction: Duration = 0.6  # to see it, and until the brakes bite [s]
    person_reach: Distance = 4.0  # lateral gap within which a standing person may step out [m]
    braking: Acceleration = 6.0  # [m/s²]
    lowest: Speed = 4.5  # [m/s]
    lowest_share: Fraction = 0.35  # of the speed limit, beside an occluder
    hidden_pace: Speed = 1.5  # of a child that steps out from behind something [m/s]
    occluder_reach: Distance = 2.6  # lateral gap within which a parked vehicle matters [m]
    view_braking: Acceleration = 6.0  # stop within what is seen of the road [m/s²]
    lead_in: Acceleration = 2.0  # braking towards a cap [m/s²]
    yield_probability: Fraction = 0.4  # from which a predicted crossing is given way to
    yield_clearance: Distance = 0.9  # kept free beside a crossing person [m]
    yield_margin: Distance = 4.0  # stop this far before a crossing person [m]
    yield_braking: Acceleration = 3.0  # [m/s²]


class LaneChangeSettings(StrictModel):
    """When changing lanes is worth it and safe."""

    gain: Speed = 2.0  # of speed [m/s]
    look_ahead_seconds: PositiveDuration = 8.0  # over which a lane's speed is judged
    wish_seconds: Duration = 0.3  # a wish must last, unless the lane is blocked or ends
    cool_down: Duration = 3.0  # between two free changes [s]
    front_gap: Distance = 3.0  # [m]
    front_seconds: Duration = 0.35  # [s]
    rear_gap: Distance = 3.0  # [m]
    rear_seconds: Duration = 0.5  # [s]
    rear_braking: Acceleration = 2.0  # asked at most of who comes from behind [m/s²]
    end_seconds: Duration = 12.0  # leave an ending lane this early
    end_metres: Distance = 60.0
    committed: Fraction = 0.4  # share of the lane width after which a change is carried through
    end_margin: Distance = 8.0  # stop this far before a lane's end [m]


class CostSettings(StrictModel):
    """Weights of the lattice's cost."""

    too_fast: Weight = 1.0
    progress: Weight = 0.35
    acceleration: Weight = 0.12
    jerk: Weight = 0.05
    lateral_acceleration: Weight = 0.25
    off_goal: Weight = 6.0  # of where a path ends
    lateral_error: Weight = 0.15  # on the way there
    lateral_speed: Weight = 0.1
    collision: Weight = 1500.0
    clearance: Weight = 6.0
    emergency: Weight = 40.0
    change_of_mind: Weight = 0.4


class SafetySettings(StrictModel):
    """RSS (Shalev-Shwartz, Shammah, Shashua 2017) and time to collision."""

    response: Duration = 0.25  # [s]
    own_acceleration: Acceleration = 1.0  # during the response [m/s²]
    own_braking: Acceleration = 6.5  # [m/s²]
    lead_braking: Acceleration = 7.5  # [m/s²]
    least_ttc: Duration = 1.6  # [s]
    needed_braking: Acceleration = 4.2  # from which the layer takes over [m/s²]
    margin: Distance = 2.0  # left when stopped [m]


class PlannerSettings(StrictModel):
    """The planner's settings, part by part; hard braking is that of a dry road."""

    horizon: PlanHorizon = 4.0  # [s]
    step: PlanStep = 0.1  # of the plan [s]; candidates are judged at every second instant
    dt: TimeStep = 0.1  # between two plans [s]
    followed: bool = True  # somebody does what is planned; beside a student nobody may
    comfort: ComfortSettings = ComfortSettings()
    following: FollowingSettings = FollowingSettings()
    caution: CautionSettings = CautionSettings()
    lane_change: LaneChangeSettings = LaneChangeSettings()
    cost: CostSettings = CostSettings()
    safety: SafetySettings = SafetySettings()

    def on_grip(self, grip: float) -> PlannerSettings:
        """The same settings with the hard braking that a road of ``grip`` [m/s²] allows.

        What the planner counts on in an emergency falls in proportion to the grip. Comfortable braking
        stays: it is far inside the friction circle of a wet road.
        """
        fraction = min(grip / DRY_GRIP, 1.0)
        if fraction == 1.0:
            return self
        return self.model_copy(
            update={
                "caution": _scaled(self.caution, fraction, "braking", "view_braking"),
                "safety": _scaled(self.safety, fraction, "own_braking", "lead_braking", "needed_braking"),
            }
        )


def _scaled(settings: Settings, fraction: float, *names: str) -> Settings:
    return settings.model_copy(update={name: fraction * getattr(settings, name) for name in names})
