"""The lane network: measurement of lanes in one image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.errors import ConfigError
from drive_stack.perception.lanes_ground import BirdsEyeView, GroundGrid
from drive_stack.runtime.sessions import map_batch, open_session
from drive_stack.runtime.weights import Card, read_card
from drive_stack.support.layout import MODELS
from drive_stack.types import FloatArray, Image

WEIGHTS = MODELS / "lanes.onnx"
COMMAND = "python run_sim.py train lanes"
PITCH_STEP = float(np.radians(0.1))  # between two views [rad]
WINDOW = 3  # bins on either side of the most likely one that contribute to a position
LINES_RANGE = 110.0  # farther ahead, positions of lines are too inaccurate [m]
END_RANGE = 250.0  # up to which the end of a lane is searched [m]
VISIBILITY_RANGE = 45.0  # in which lines must be visible for a confident estimate [m]


@dataclass(frozen=True, slots=True)
class LaneMeasurement:
    """Lanes measured in one image, without memory of earlier images.

    The four boundaries are the outer line of the left lane, the left and the right line of the ego lane, and
    the outer line of the right lane. R is the number of anchors.
    """

    y: FloatArray  # (4, R) laterals at the anchors [m], NaN where not detected or beyond `LINES_RANGE`
    sigma: FloatArray  # (4, R) their standard deviations [m]
    adjacent: FloatArray  # (2,) probability of a lane on the left, right
    crossable: FloatArray  # (2, R) probability that the left, right line of the ego lane may be crossed
    # (3, R + 2) probabilities that the left, ego, right lane ends at each anchor, beyond them but within
    # `END_RANGE`, not at all
    ends: FloatArray
    visibility: float  # of the lines near the ego, 0 … 1


class LaneNetwork:
    """A `LaneSensor`: the trained network on the bird's-eye view of an image.

    Raises:
        ConfigError: the weights are missing, altered, or made for another grid.
    """

    def __init__(
        self,
        camera: CameraModel,
        weights: Path = WEIGHTS,
        *,
        grid: GroundGrid | None = None,
        threads: int = 1,
        engine: str = "openvino",
        streams: int = 1,
    ) -> None:
        read_card(weights, COMMAND, Card)
        self.grid = grid or GroundGrid()
        self._camera, self._views = camera, {0: BirdsEyeView(camera, self.grid)}
        self._session = open_session(weights, engine=engine, threads=threads, streams=streams)
        expected = (1, *self.grid.view_shape, 3)
        if self._session.input_shape != expected:
            shape = self._session.input_shape
            raise ConfigError(f"{weights}: takes {shape}, not {expected}; make it with: {COMMAND}")

    def measure(self, image: Image, pitch_steps: int = 0) -> LaneMeasurement:
        """Measure the lanes in ``image`` (H, W, 3), as a camera pitched by ``pitch_steps`` sees them.

        A step is `PITCH_STEP` farther down than the camera is supposed to look.
        """
        view = self._view(pitch_steps)
        heat, seen, adjacent, crossable, ends = self._session.run(view.warp(image)[None])
        return decode((heat[0], seen[0], adjacent[0], crossable[0], ends[0]), self.grid)

    def _view(self, pitch_steps: int) -> BirdsEyeView:
        if pitch_steps not in self._views:
            pitch = self._camera.pitch_down_deg + float(np.degrees(pitch_steps * PITCH_STEP))
            self._views[pitch_steps] = BirdsEyeView(replace(self._camera, pitch_down_deg=pitch), self.grid)
        return self._views[pitch_steps]

    def measure_batch(self, images: Iterable[Image]) -> tuple[LaneMeasurement, ...]:
        """Apply `measure` to each of ``images``, ``streams`` at a time."""
        return map_batch(self.measure, images, self._session.streams)


Outputs = tuple[
    NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]
]


def decode(outputs: Outputs, grid: GroundGrid) -> LaneMeasurement:
    """Convert the outputs of the network to a measurement.

    The outputs are ``heat`` (4, R, bins), the probability of each bin to contain the boundary, with anchors
    by increasing distance; ``seen`` (4, R), the probability that the boundary is visible; ``adjacent`` (2,),
    ``crossable`` (2, R) and ``ends`` (3, R + 2) as in `LaneMeasurement`.
    """
    heat, seen, adjacent, crossable, ends = outputs
    best = heat.argmax(axis=2)
    about = best[:, :, None] + np.arange(-WINDOW, WINDOW + 1)
    bins = np.clip(about, 0, grid.bins - 1)
    near = np.where(about == bins, np.take_along_axis(heat, bins, axis=2), 0.0).astype(np.float64)
    mass = near.sum(axis=2)
    fraction = near / np.maximum(mass, 1e-9)[:, :, None]
    centres = grid.bin_centres[bins]
    y = (fraction * centres).sum(axis=2)
    variance_of_bins = (fraction * (centres - y[:, :, None]) ** 2).sum(axis=2)
    # a position between two bins gives mass to both, which is no uncertainty
    variance = np.maximum(variance_of_bins - (0.5 * grid.bin_width) ** 2, 0.0)
    known = (seen > 0.5) & (mass > 0.5) & (grid.anchors <= LINES_RANGE)
    return LaneMeasurement(
        y=np.where(known, y, np.nan),
        sigma=np.sqrt(variance) / np.maximum(mass, 1e-3) + 0.5 * (1.0 - mass),
        adjacent=adjacent.astype(np.float64),
        crossable=crossable.astype(np.float64),
        ends=ends.astype(np.float64),
        visibility=_line_visibility(seen * mass, grid),
    )


def _line_visibility(line_probability: FloatArray, grid: GroundGrid) -> float:
    """Mean of the two most visible lines over the better half of the near anchors, from ``(4, R)``."""
    near = line_probability[:, grid.anchors <= VISIBILITY_RANGE]
    best_two = np.sort(near, axis=0)[-2:].mean(axis=0)
    return float(np.sort(best_two)[len(best_two) // 2 :].mean())
