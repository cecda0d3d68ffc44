"""What people choose about making the detector; read from ``configs/training/detector.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from drive_stack.bounds import Batch, Epochs, Fraction, Frames, Pixels, Threads, TorchSeed
from drive_stack.config import StrictModel
from drive_stack.datasets.frames.settings import FrameSettings
from drive_stack.errors import ConfigError

COMMAND = "python run_sim.py train detector"


class WindowSettings(StrictModel):
    """How training windows are cut from frames."""

    size: tuple[int, int] = (192, 384)  # height, width [px of the camera]
    whole_share: Fraction = 0.3  # of batches that see whole frames
    native_share: Fraction = 0.5  # of windows at the camera's own scale
    zoom: tuple[float, float] = (0.8, 1.6)
    least_height: Pixels = 8.0  # people and obstacles lower than this are neither taught nor punished [px]
    least_vehicle_height: Pixels = (
        5.0  # nor vehicles: untaught, far ones seem larger and so nearer than they are
    )
    least_visible: Fraction = 0.25
    veil_share: Fraction = 0.0  # of windows veiled as by haze, with noise over it
    veil: Fraction = 0.5  # the least contrast a veil leaves

    @model_validator(mode="after")
    def _ordered(self) -> WindowSettings:
        if not 0.0 < self.zoom[0] <= self.zoom[1]:
            raise ValueError("zoom: expected 0 < low ≤ high")
        return self


class DetectorTraining(StrictModel):
    """All of it."""

    network: str = "detector_network.yaml"
    width: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0  # of the network's layers, times its description
    input_scale: Annotated[float, Field(ge=0.5, le=3.0)] = 1.0  # pixels the network sees per camera pixel
    seed: TorchSeed = 0
    frames: FrameSettings = FrameSettings()
    epochs: Epochs = 16
    batch: Batch = 16
    people_times: Batch = 1  # how often an epoch shows a frame with people
    learning_rate: Annotated[float, Field(gt=0.0)] = 0.002
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.02
    warmup_steps: Annotated[int, Field(ge=0, le=100_000_000)] = 200
    decay_share: Fraction = 0.35
    average_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.998
    patience: Epochs = 8  # epochs that find no more than those before, which end it
    bfloat16: bool = True  # where the processor computes in it
    threads: Threads = 2
    validate_frames: Frames = 300  # of the validation frames, after each epoch
    windows: WindowSettings = WindowSettings()
    calibration_frames: Frames = 160  # that give the ranges of 8-bit numbers

    @model_validator(mode="after")
    def _fits_strides(self) -> DetectorTraining:
        if any(side <= 0 or side * self.input_scale % 32 for side in self.windows.size):
            raise ValueError("windows.size times input_scale: expected multiples of 32")
        return self

    def network_path(self, config: Path) -> Path:
        """The network's description, beside the file that names it."""
        return _beside(config, "network", self.network)

    def scene_paths(self, config: Path) -> dict[str, int]:
        """Paths of the scenes that only training sees, with the episodes of each."""
        scenes = self.frames.scenes
        return {str(_beside(config, "frames.scenes", name)): count for name, count in scenes.items()}


def _beside(config: Path, key: str, name: str) -> Path:
    path = config.parent / name
    if not path.is_file():
        raise ConfigError(f"{config}: {key}: no such file: {path}")
    return path
