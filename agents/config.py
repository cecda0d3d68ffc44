"""The agent file: which implementation each stage uses, and its settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from drive_stack.bounds import Threads
from drive_stack.config import StrictModel
from drive_stack.control.longitudinal import LongitudinalSettings
from drive_stack.control.lqr import LqrSettings
from drive_stack.control.mpc import MpcSettings
from drive_stack.control.pure_pursuit import PurePursuitSettings
from drive_stack.control.stanley import StanleySettings
from drive_stack.fault_injection import FaultSettings
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.planning.settings import PlannerSettings
from drive_stack.prediction.constant_velocity import Horizon
from drive_stack.prediction.lane_following import LaneFollowingSettings

StageName: TypeAlias = Literal[
    "detector", "lanes", "lifter", "grip", "tracker", "predictor", "planner", "lateral", "longitudinal"
]


class PerceptionConfig(StrictModel):
    """Perception: from the image to objects and lanes on the road."""

    detector: Literal["yolo", "none", "oracle"] = "yolo"
    detector_weights: Path | None = None  # ONNX file with its card next to it; None: the shipped weights
    confidence: ConfidenceThresholds = ConfidenceThresholds()
    engine: Literal["openvino", "onnxruntime"] = "openvino"
    threads: Threads = 2
    lanes: Literal["network", "oracle"] = "network"
    lanes_weights: Path | None = None  # as for the detector
    ground: Literal["level", "estimated"] = "estimated"  # estimated with the lanes; the lifter uses it
    latency: Literal["compensated", "fault"] = "compensated"  # of late images: compensate, or stop
    lifter: Literal["ground", "oracle"] = "ground"
    grip: Literal["rain_sensor", "oracle"] = "rain_sensor"


class TrackingConfig(StrictModel):
    """Tracking: from objects to tracks."""

    tracker: Literal["kalman", "alpha_beta", "oracle"] = "kalman"


class PredictionConfig(StrictModel):
    """Prediction: from tracks to their possible future paths."""

    predictor: Literal["lane_following", "constant_velocity", "oracle"] = "lane_following"
    lane_following: LaneFollowingSettings = LaneFollowingSettings()
    constant_velocity: Horizon = Horizon()


class PlanningConfig(StrictModel):
    """Planning: from predictions to a trajectory."""

    planner: Literal["lattice"] = "lattice"
    lattice: PlannerSettings = PlannerSettings()


class ControlConfig(StrictModel):
    """Control: from the trajectory to steering and acceleration."""

    lateral: Literal["pure_pursuit", "stanley", "lqr", "mpc", "oracle"] = "mpc"
    pure_pursuit: PurePursuitSettings = PurePursuitSettings()
    stanley: StanleySettings = StanleySettings()
    lqr: LqrSettings = LqrSettings()
    mpc: MpcSettings = MpcSettings()
    longitudinal: Literal["feed_forward", "oracle"] = "feed_forward"
    feed_forward: LongitudinalSettings = LongitudinalSettings()


class OracleSettings(StrictModel):
    """Stages that are replaced by faultless ones during an episode, to find the one that causes a failure.

    The planner has no oracle. Its replacement is the expert's planner.
    """

    stages: tuple[StageName, ...] = ()
    start: Annotated[float, Field(ge=0.0)] = 0.0  # of the replacement, since the start of the episode [s]


class PerceptionOracleSettings(StrictModel):
    """Stages of perception that are replaced by their oracles during an episode."""

    stages: tuple[Literal["detector", "lifter", "tracker", "lanes"], ...] = ()
    start: Annotated[float, Field(ge=0.0)] = 0.0  # since the start of the episode [s]


class DrivingConfig(StrictModel):
    """The stages from the prediction to the control, which every driver with a planner has."""

    prediction: PredictionConfig = PredictionConfig()
    planning: PlanningConfig = PlanningConfig()
    control: ControlConfig = ControlConfig()


class ModularConfig(DrivingConfig):
    """Configuration of a modular driver."""

    kind: Literal["modular"] = "modular"
    name: str
    about: str = ""  # a one-line description
    perception: PerceptionConfig = PerceptionConfig()
    tracking: TrackingConfig = TrackingConfig()
    faults: FaultSettings = FaultSettings()  # injected failures, for testing how the driver handles them
    oracles: OracleSettings = OracleSettings()

    @property
    def privileged(self) -> bool:
        """Whether any stage reads the truth."""
        implementations = (
            self.perception.detector,
            self.perception.lanes,
            self.perception.lifter,
            self.perception.grip,
            self.tracking.tracker,
            self.prediction.predictor,
            self.control.lateral,
            self.control.longitudinal,
        )
        return "oracle" in implementations or self.oracles.stages not in ((), ("planner",))

    @property
    def replaceable_stages(self) -> tuple[StageName, ...]:
        """Stages that are not without fault already: no oracles, or oracles with an injected fault."""
        perception, control, faults = self.perception, self.control, self.faults
        implementations: dict[StageName, tuple[str, str]] = {
            "detector": (perception.detector, faults.detector),
            "lifter": (perception.lifter if perception.detector != "none" else "none", "none"),
            "tracker": (self.tracking.tracker, faults.tracker),
            "lanes": (perception.lanes, faults.lanes),
            "grip": (perception.grip, "none"),
            "predictor": (self.prediction.predictor, "none"),
            "planner": (self.planning.planner, faults.planner),
            "lateral": (control.lateral, "none"),
            "longitudinal": (control.longitudinal, "none"),
        }
        return tuple(
            stage
            for stage, (implementation, fault) in implementations.items()
            if implementation not in ("oracle", "none") or fault != "none"
        )

    @property
    def uses_camera(self) -> bool:
        """Whether any stage needs the camera: its image, or the labels that come with it."""
        return self.perception.detector != "none" or self.perception.lanes == "network"
