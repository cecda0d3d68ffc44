"""Settings of the detector's training, read from ``configs/training/detector.yaml``."""

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
    full_frame_fraction: Fraction = 0.3  # of batches made of full frames
    native_scale_fraction: Fraction = 0.5  # of windows at the camera's own scale
    zoom: tuple[float, float] = (0.8, 1.6)
    min_height: Pixels = 8.0  # lower pedestrians are ignored in the loss [px]
    # Lower for vehicles [px]: distant vehicles that training ignores get boxes that are too large, which
    # makes them seem too near.
    min_vehicle_height: Pixels = 5.0
    min_obstacle_height: Pixels = 4.0  # lower still: what lies on the road is flat [px]
    min_visible: Fraction = 0.25  # visible fraction of an object below which it is ignored
    haze_fraction: Fraction = 0.0  # of windows with artificial haze and noise
    haze_min_contrast: Fraction = 0.5  # contrast that the densest haze leaves

    @model_validator(mode="after")
    def _ordered(self) -> WindowSettings:
        if not 0.0 < self.zoom[0] <= self.zoom[1]:
            raise ValueError("zoom: expected 0 < low ≤ high")
        return self


class DetectorTraining(StrictModel):
    """All settings of a training run."""

    network: str = "detector_network.yaml"
    width: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0  # factor on the layers' channels in the description
    input_scale: Annotated[float, Field(ge=0.5, le=3.0)] = 1.0  # network input pixels per camera pixel
    seed: TorchSeed = 0
    frames: FrameSettings = FrameSettings()
    epochs: Epochs = 16
    batch: Batch = 16
    pedestrian_repeats: Batch = 1  # times that an epoch shows a frame with pedestrians
    learning_rate: Annotated[float, Field(gt=0.0)] = 0.002
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.02
    warmup_steps: Annotated[int, Field(ge=0, le=100_000_000)] = 200
    decay_fraction: Fraction = 0.35  # last part of the steps, in which the rate falls to zero
    average_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.998
    patience: Epochs = 8  # epochs without a better score that end the training
    bfloat16: bool = True  # if the hardware multiplies bfloat16
    threads: Threads = 2
    validate_frames: Frames = 300  # validation frames evaluated after each epoch
    windows: WindowSettings = WindowSettings()
    calibration_frames: Frames = 160  # training frames that set the ranges of the 8-bit values

    @model_validator(mode="after")
    def _fits_strides(self) -> DetectorTraining:
        if any(side <= 0 or side * self.input_scale % 32 for side in self.windows.size):
            raise ValueError("windows.size times input_scale: expected multiples of 32")
        return self

    def network_path(self, config: Path) -> Path:
        """Path of the network's description, in the folder of the file that names it."""
        return _sibling(config, "network", self.network)

    def scene_paths(self, config: Path) -> dict[str, int]:
        """Paths of the scenes used only in training, with the number of episodes of each."""
        scenes = self.frames.scenes
        return {str(_sibling(config, "frames.scenes", name)): count for name, count in scenes.items()}


def _sibling(config: Path, key: str, name: str) -> Path:
    path = config.parent / name
    if not path.is_file():
        raise ConfigError(f"{config}: {key}: no such file: {path}")
    return path
