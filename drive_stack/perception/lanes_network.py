"""What the lane network sees in one image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.errors import ConfigError
from drive_stack.perception.lanes_ground import GroundGrid, GroundView
from drive_stack.runtime.sessions import each, open_session
from drive_stack.runtime.weights import MODELS, read_card
from drive_stack.types import FloatArray, Image

WEIGHTS = MODELS / "lanes.onnx"
COMMAND = "python run_sim.py train lanes"
WINDOW = 3  # bins or anchors on either side of the likeliest that count for a place
LINES_RANGE = 110.0  # beyond, a line's place is too coarse to steer by [m]
END_RANGE = 250.0  # a lane's end is looked for so far ahead [m]
SIGHT_RANGE = 45.0  # where the lines must show for the lane to count as seen [m]


@dataclass(frozen=True, slots=True)
class LaneSighting:
    """One image's evidence; boundaries are the left lane's outer line, the ego lane's left and right
    line, the right lane's outer line. Nothing is remembered from earlier images."""

    y: FloatArray  # (4, R) laterals at the anchors [m], NaN where not seen or beyond `LINES_RANGE`
    sigma: FloatArray  # (4, R) their standard deviations [m]
    neighbour: FloatArray  # (2,) probability of a lane on the left, right
    crossable: FloatArray  # (2, R) probability that the ego lane's left, right line may be crossed there
    # (3, R + 2) probabilities of where the left, ego, right lane ends: at each anchor, beyond them but
    # within `END_RANGE`, not at all
    ends: FloatArray
    sight: float  # 0 … 1, how distinctly lines show near the ego


class LaneNetwork:
    """Runs the trained network on the view from above.

    Raises `ConfigError` where the weights are missing, altered, or made for another grid.
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
        read_card(weights, COMMAND)
        self.grid = grid or GroundGrid()
        self._view = GroundView(camera, self.grid)
        self._session = open_session(weights, engine=engine, threads=threads, streams=streams)
        expected = (1, *self.grid.view_shape, 3)
        if self._session.input_shape != expected:
            found = self._session.input_shape
            raise ConfigError(f"{weights}: takes {found}, not {expected}; make it with: {COMMAND}")

    def see(self, image: Image) -> LaneSighting:
        """The lanes in ``image``."""
        heat, seen, neighbour, crossable, ends = self._session.run(self._view.cut(image)[None])
        return decode((heat[0], seen[0], neighbour[0], crossable[0], ends[0]), self.grid)

    def see_batch(self, images: Iterable[Image]) -> tuple[LaneSighting, ...]:
        """What `see` finds in each of ``images``, ``streams`` at a time."""
        return each(self.see, images, self._session.streams)


Outputs = tuple[
    NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]
]


def decode(outputs: Outputs, grid: GroundGrid) -> LaneSighting:
    """A sighting from the network's outputs.

    These are ``heat`` (4, R, bins), the share of each bin in a boundary's place, anchors by increasing
    distance; ``seen`` (4, R), the probability that there is such a boundary; ``neighbour`` (2,),
    ``crossable`` (2, R) and ``ends`` (3, R + 2) as in `LaneSighting`.
    """
    heat, seen, neighbour, crossable, ends = outputs
    best = heat.argmax(axis=2)
    about = best[:, :, None] + np.arange(-WINDOW, WINDOW + 1)
    bins = np.clip(about, 0, grid.bins - 1)
    near = np.where(about == bins, np.take_along_axis(heat, bins, axis=2), 0.0).astype(np.float64)
    mass = near.sum(axis=2)
    share = near / np.maximum(mass, 1e-9)[:, :, None]
    centres = grid.bin_centres[bins]
    y = (share * centres).sum(axis=2)
    spread = (share * (centres - y[:, :, None]) ** 2).sum(axis=2)
    # two bins share the truth, so a sure answer still spreads by up to half a bin
    variance = np.maximum(spread - (0.5 * grid.bin_width) ** 2, 0.0)
    known = (seen > 0.5) & (mass > 0.5) & (grid.anchors <= LINES_RANGE)
    return LaneSighting(
        y=np.where(known, y, np.nan),
        sigma=np.sqrt(variance) / np.maximum(mass, 1e-3) + 0.5 * (1.0 - mass),
        neighbour=neighbour.astype(np.float64),
        crossable=crossable.astype(np.float64),
        ends=ends.astype(np.float64),
        sight=_sight(seen * mass, grid),
    )


def _sight(distinct: FloatArray, grid: GroundGrid) -> float:
    """Mean over the better half of the near anchors of the two most distinct lines, from ``(4, R)``."""
    near = distinct[:, grid.anchors <= SIGHT_RANGE]
    two = np.sort(near, axis=0)[-2:].mean(axis=0)
    return float(np.sort(two)[len(two) // 2 :].mean())
