"""Settings of the planner."""

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
from drive_stack.vehicle import DRY_GRIP, WET_GRIP

Settings = TypeVar("Settings", bound=StrictModel)


class ComfortSettings(StrictModel):
    """Comfort limits: those of nuPlan with a margin, and lower ones for comfort."""

    min_acceleration: Braking = -4.0  # [m/s²]
    max_acceleration: Acceleration = 2.3
    max_jerk: Jerk = 4.0  # longitudinal [m/s³]
    curve_acceleration: Acceleration = (
        2.6  # lateral acceleration for which the speed in a curve is selected [m/s²]
    )
    max_lateral_acceleration: Acceleration = 4.6  # lateral acceleration of a candidate [m/s²]
    emergency_jerk: Jerk = 20.0  # [m/s³]


class FollowingSettings(StrictModel):
    """Distances and braking behind leads."""

    time_gap: Duration = 1.2  # behind a moving lead [s]
    stop_time_gap: Duration = 0.6  # before a stop [s]
    standstill_gap: Distance = 4.0  # [m]
    blocked_gap: Distance = 11.0  # behind a stationary vehicle in the lane: space to pull out [m]
    braking: Acceleration = 2.2  # planned behind a moving lead [m/s²]
    stop_braking: Acceleration = 3.0  # planned before a stop [m/s²]
    cut_in_probability: Fraction = 0.4  # of a predicted cut-in that is treated as a lead


class CautionSettings(StrictModel):
    """Speed near pedestrians and next to objects that may occlude them, so that the ego can stop for one."""

    pedestrian_speed: Speed = 2.2  # of a visible one who steps out: 8 km/h, Euro NCAP's running adult [m/s]
    reaction: Duration = 0.6  # until detection and brake response [s]
    max_pedestrian_gap: Distance = 4.0  # lateral gap up to which a standing one may step out [m]
    braking: Acceleration = 6.0  # [m/s²]
    min_speed: Speed = 4.5  # [m/s]
    min_speed_fraction: Fraction = 0.35  # of the speed limit, next to an occluder
    occluded_pedestrian_speed: Speed = 1.5  # of a child that steps out from behind an occluder [m/s]
    max_occluder_gap: Distance = 2.6  # lateral gap up to which a parked vehicle is an occluder [m]
    view_braking: Acceleration = 6.0  # for a stop within the visible part of the road [m/s²]
    approach_braking: Acceleration = 2.0  # braking towards a cap [m/s²]
    yield_probability: Fraction = 0.4  # of a predicted crossing for which the ego yields
    yield_clearance: Distance = 0.9  # lateral distance to a crossing pedestrian [m]
    yield_margin: Distance = 4.0  # longitudinal distance to a crossing pedestrian [m]
    yield_braking: Acceleration = 3.0  # [m/s²]


class LaneChangeSettings(StrictModel):
    """When a lane change is useful and safe."""

    min_speed_gain: Speed = 2.0  # for a lane change [m/s]
    speed_horizon: PositiveDuration = 8.0  # over which the speed in a lane is computed [s]
    min_request_duration: Duration = 0.3  # of a request, unless the lane is blocked or ends [s]
    cooldown: Duration = 3.0  # between two optional lane changes [s]
    front_gap: Distance = 3.0  # [m]
    front_time_gap: Duration = 0.35  # [s]
    rear_gap: Distance = 3.0  # [m]
    rear_time_gap: Duration = 0.5  # [s]
    rear_braking: Acceleration = 2.0  # maximum required of a vehicle behind [m/s²]
    lane_end_time: Duration = 12.0  # travel time to the end of a lane, at which the ego leaves it [s]
    lane_end_distance: Distance = 60.0  # added to that distance [m]
    commit_fraction: Fraction = 0.4  # of the lane width, from which a change is always completed
    end_margin: Distance = 8.0  # distance of a stop to the end of a lane [m]


class CostSettings(StrictModel):
    """Weights of the lattice's cost."""

    overspeed: Weight = 1.0
    progress: Weight = 0.35
    acceleration: Weight = 0.12
    jerk: Weight = 0.05
    lateral_acceleration: Weight = 0.25
    target_offset: Weight = 6.0  # of the end of a path
    lateral_error: Weight = 0.15  # along a path
    lateral_speed: Weight = 0.1
    collision: Weight = 1500.0
    clearance: Weight = 6.0
    emergency: Weight = 40.0


class SafetySettings(StrictModel):
    """RSS (Shalev-Shwartz, Shammah, Shashua 2017) and time to collision."""

    response: Duration = 0.25  # [s]
    own_acceleration: Acceleration = 1.0  # during the response [m/s²]
    own_braking: Acceleration = 6.5  # [m/s²]
    lead_braking: Acceleration = 7.5  # [m/s²]
    min_ttc: Duration = 1.6  # [s]
    max_needed_braking: Acceleration = 4.2  # required braking from which the layer intervenes [m/s²]
    margin: Distance = 2.0  # distance after a stop [m]


class PlannerSettings(StrictModel):
    """All settings of the planner. Emergency braking is that of a dry road."""

    horizon: PlanHorizon = 4.0  # [s]
    step: PlanStep = 0.1  # of the plan [s]; the costs of candidates use every second instant
    dt: TimeStep = 0.1  # between two plans [s]
    plan_is_executed: bool = True  # False where another driver executes its own controls
    comfort: ComfortSettings = ComfortSettings()
    following: FollowingSettings = FollowingSettings()
    caution: CautionSettings = CautionSettings()
    lane_change: LaneChangeSettings = LaneChangeSettings()
    cost: CostSettings = CostSettings()
    safety: SafetySettings = SafetySettings()

    def on_grip(self, grip: float) -> PlannerSettings:
        """The same settings with the emergency braking that a road of ``grip`` [m/s²] allows.

        The braking that the planner assumes in an emergency is proportional to the grip. Comfortable
        accelerations do not change on a wet road, because they are far inside its friction circle. On a road
        with less grip they are proportional to the grip, too.
        """
        fraction, comfort = min(grip / DRY_GRIP, 1.0), min(grip / WET_GRIP, 1.0)
        if fraction == 1.0:
            return self
        settings = self.model_copy(
            update={
                "caution": _scaled(self.caution, fraction, "braking", "view_braking"),
                "safety": _scaled(self.safety, fraction, "own_braking", "lead_braking", "max_needed_braking"),
            }
        )
        return settings if comfort == 1.0 else settings._with_comfort(comfort)

    def _with_comfort(self, fraction: float) -> PlannerSettings:
        """The same settings with a fraction of the comfortable accelerations."""
        comfort, following = self.comfort, self.following
        limits = ("min_acceleration", "max_acceleration", "curve_acceleration", "max_lateral_acceleration")
        return self.model_copy(
            update={
                "comfort": _scaled(comfort, fraction, *limits),
                "following": _scaled(following, fraction, "braking", "stop_braking"),
                "caution": _scaled(self.caution, fraction, "approach_braking", "yield_braking"),
                "lane_change": _scaled(self.lane_change, fraction, "rear_braking"),
            }
        )


def _scaled(settings: Settings, fraction: float, *names: str) -> Settings:
    return settings.model_copy(update={name: fraction * getattr(settings, name) for name in names})
