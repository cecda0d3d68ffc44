"""What the lane network sees in one image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.config import ConfigError
from drive_stack.perception.lanes_ground import GroundGrid, GroundView
from drive_stack.runtime.sessions import open_session
from drive_stack.runtime.weights import MODELS, read_card
from drive_stack.types import FloatArray, Image

WEIGHTS = MODELS / "lanes.onnx"
COMMAND = "python run_sim.py train lanes"
WINDOW = 3  # bins on either side of the likeliest that count for a boundary's place
END_RANGE = 100.0  # a lane's end is looked for so far ahead [m]
STOPS_SHORT = 4  # anchors by which a lane's outer line must stop before its inner one, where it ends
STOPPED = 0.9  # how probable the end then is


@dataclass(frozen=True, slots=True)
class LaneSighting:
    """One image's evidence; boundaries are the left lane's outer line, the ego lane's left and right
    line, the right lane's outer line. Nothing is remembered from earlier images."""

    y: FloatArray  # (4, R) laterals at the anchors [m], NaN where not seen
    sigma: FloatArray  # (4, R) their standard deviations [m]
    neighbour: FloatArray  # (2,) probability of a lane on the left, right
    enterable: FloatArray  # (2,) probability that it may be entered
    ends: FloatArray  # (3,) probability that the left, ego, right lane ends within `END_RANGE`
    end_distance: FloatArray  # (3,) where, if it does [m]


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
    ) -> None:
        read_card(weights, COMMAND)
        self.grid = grid or GroundGrid()
        self._view = GroundView(camera, self.grid)
        self._session = open_session(weights, engine=engine, threads=threads)
        expected = (1, *self.grid.view_shape, 3)
        if self._session.input_shape != expected:
            found = self._session.input_shape
            raise ConfigError(f"{weights}: takes {found}, not {expected}; make it with: {COMMAND}")

    def see(self, image: Image) -> LaneSighting:
        """The lanes in ``image``."""
        heat, seen, facts = self._session.run(self._view.cut(image)[None])
        return decode(heat[0], seen[0], facts[0], self.grid)


def decode(
    heat: NDArray[np.float32], seen: NDArray[np.float32], facts: NDArray[np.float32], grid: GroundGrid
) -> LaneSighting:
    """A sighting from the network's outputs.

    ``heat`` (4, R, bins): share of each bin in a boundary's place, anchors by increasing distance;
    ``seen`` (4, R): probability that there is such a boundary; ``facts`` (10,): see `LaneSighting`,
    in its order, the distances as shares of `END_RANGE`.
    """
    best = heat.argmax(axis=2)
    window = np.abs(np.arange(grid.bins) - best[:, :, None]) <= WINDOW
    near = np.where(window, heat, 0.0).astype(np.float64)
    mass = near.sum(axis=2)
    share = near / np.maximum(mass, 1e-9)[:, :, None]
    y = share @ grid.bin_centres
    spread = np.einsum("krb,krb->kr", share, (grid.bin_centres - y[:, :, None]) ** 2)
    # two bins share the truth, so a sure answer still spreads by up to half a bin
    variance = np.maximum(spread - (0.5 * grid.bin_width) ** 2, 0.0)
    known = (seen > 0.5) & (mass > 0.5)
    lines = np.where(known, y, np.nan)
    ends, distance = facts[4:7].astype(np.float64), facts[7:10].astype(np.float64) * END_RANGE
    for lane, outer, inner in ((0, 0, 1), (2, 3, 2)):
        stop = visible_end(lines[outer], lines[inner], grid)
        if stop is not None:
            ends[lane], distance[lane] = max(ends[lane], STOPPED), stop
    return LaneSighting(
        y=lines,
        sigma=np.sqrt(variance) / np.maximum(mass, 1e-3) + 0.5 * (1.0 - mass),
        neighbour=facts[0:2].astype(np.float64),
        enterable=facts[2:4].astype(np.float64),
        ends=ends,
        end_distance=distance,
    )


def visible_end(outer: FloatArray, inner: FloatArray, grid: GroundGrid) -> float | None:
    """Where a neighbouring lane's outer line stops short of the inner one [m]; None where it does not.

    ``outer`` and ``inner`` (R,) are laterals at the anchors [m], NaN where not seen. Ends are rare in
    the training frames, so the network's own word for them is weak, but it sees the line stop.
    """
    far, near = np.flatnonzero(np.isfinite(outer)), np.flatnonzero(np.isfinite(inner))
    if len(far) < STOPS_SHORT or len(near) < STOPS_SHORT or near[-1] < far[-1] + STOPS_SHORT:
        return None
    beyond = near[near > far[-1]][0]
    apart = float(np.nanmedian(np.abs(outer - inner)))
    if abs(inner[beyond]) + apart > grid.reach - 1.0:
        return None  # it leaves the grid sideways
    return float(grid.anchors[far[-1]])
