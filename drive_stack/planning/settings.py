"""Everything of the planner that a person may tune."""

from __future__ import annotations

from typing import TypeVar

from drive_stack.config import StrictModel
from drive_stack.vehicle import DRY_GRIP

Settings = TypeVar("Settings", bound=StrictModel)


class ComfortSettings(StrictModel):
    """nuPlan's comfort bounds with a little kept in hand, and what a passenger likes."""

    min_acceleration: float = -4.0  # [m/s²]
    max_acceleration: float = 2.3
    max_jerk: float = 4.0  # along the car [m/s³]
    curve_acceleration: float = 2.6  # sideways, chosen by speed [m/s²]
    max_lateral_acceleration: float = 4.6  # of a candidate [m/s²]
    emergency_jerk: float = 20.0  # [m/s³]


class FollowingSettings(StrictModel):
    """How closely to follow and how early to brake."""

    time_gap: float = 1.2  # behind what moves [s]
    stop_time_gap: float = 0.6  # towards a place to stop [s]
    standstill_gap: float = 4.0  # [m]
    blocked_gap: float = 11.0  # behind what stands in the lane: room to pull out [m]
    braking: float = 2.2  # planned for, behind what moves [m/s²]
    stop_braking: float = 3.0  # planned for, towards a place to stop [m/s²]
    cut_in_probability: float = 0.4  # from which a predicted cut-in is followed


class CautionSettings(StrictModel):
    """Speed near people and beside what may hide them: slow enough to stop for a step into the road."""

    pace: float = 2.2  # of a person who steps out: 8 km/h, as Euro NCAP's running adult [m/s]
    reaction: float = 0.6  # to see it, and until the brakes bite [s]
    person_reach: float = 4.0  # lateral gap within which a standing person may step out [m]
    braking: float = 6.0  # [m/s²]
    lowest: float = 4.5  # [m/s]
    lowest_share: float = 0.35  # of the speed limit, beside an occluder
    hidden_pace: float = 1.5  # of a child that steps out from behind something [m/s]
    occluder_reach: float = 2.6  # lateral gap within which a parked vehicle matters [m]
    view_braking: float = 6.0  # stop within what is seen of the road [m/s²]
    lead_in: float = 2.0  # braking towards a cap [m/s²]
    yield_probability: float = 0.4  # from which a predicted crossing is given way to
    yield_clearance: float = 0.9  # kept free beside a crossing person [m]
    yield_margin: float = 4.0  # stop this far before a crossing person [m]
    yield_braking: float = 3.0  # [m/s²]


class LaneChangeSettings(StrictModel):
    """When changing lanes is worth it and safe."""

    gain: float = 2.0  # of speed [m/s]
    look_ahead_seconds: float = 8.0  # over which a lane's speed is judged
    wish_seconds: float = 0.3  # a wish must last, unless the lane is blocked or ends
    cool_down: float = 3.0  # between two free changes [s]
    front_gap: float = 3.0  # [m]
    front_seconds: float = 0.35  # [s]
    rear_gap: float = 3.0  # [m]
    rear_seconds: float = 0.5  # [s]
    rear_braking: float = 2.0  # asked at most of who comes from behind [m/s²]
    end_seconds: float = 12.0  # leave an ending lane this early
    end_metres: float = 60.0
    committed: float = 0.4  # share of the lane width after which a change is carried through
    end_margin: float = 8.0  # stop this far before a lane's end [m]


class CostSettings(StrictModel):
    """Weights of the lattice's cost."""

    too_fast: float = 1.0
    progress: float = 0.35
    acceleration: float = 0.12
    jerk: float = 0.05
    lateral_acceleration: float = 0.25
    off_goal: float = 6.0  # of where a path ends
    lateral_error: float = 0.15  # on the way there
    lateral_speed: float = 0.1
    collision: float = 1500.0
    clearance: float = 6.0
    emergency: float = 40.0
    change_of_mind: float = 0.4


class SafetySettings(StrictModel):
    """RSS (Shalev-Shwartz, Shammah, Shashua 2017) and time to collision."""

    response: float = 0.25  # [s]
    own_acceleration: float = 1.0  # during the response [m/s²]
    own_braking: float = 6.5  # [m/s²]
    lead_braking: float = 7.5  # [m/s²]
    least_ttc: float = 1.6  # [s]
    needed_braking: float = 4.2  # from which the layer takes over [m/s²]
    margin: float = 2.0  # left when stopped [m]


class PlannerSettings(StrictModel):
    """The planner's settings, part by part; hard braking is that of a dry road."""

    horizon: float = 4.0  # [s]
    step: float = 0.1  # of the plan [s]; candidates are judged at every second instant
    dt: float = 0.1  # between two plans [s]
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
