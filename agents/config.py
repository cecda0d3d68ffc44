"""The agent file: which implementation each stage uses, and its settings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

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


class PerceptionConfig(StrictModel):
    """Perception: from the image to objects and lanes on the road."""

    detector: Literal["yolo", "none", "oracle"] = "yolo"
    detector_weights: Path | None = None  # ONNX file with its card next to it; None: the shipped weights
    confidence: ConfidenceThresholds = ConfidenceThresholds()
    engine: Literal["openvino", "onnxruntime"] = "openvino"
    threads: Threads = 2
    lanes: Literal["network", "oracle"] = "network"
    lanes_weights: Path | None = None  # as for the detector
    ground: Literal["level", "estimated"] = "level"  # estimated with the lanes; the lifter uses it
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
    faults: FaultSettings = (
        FaultSettings()
    )  # injected sensor failures, for testing how the driver handles them

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
        return "oracle" in implementations

    @property
    def uses_camera(self) -> bool:
        """Whether any stage needs the camera: its image, or the labels that come with it."""
        return self.perception.detector != "none" or self.perception.lanes == "network"
