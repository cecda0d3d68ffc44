"""What the layers of the ground are made of: ribbons along the road, quadrilaterals, and basic colours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from drive_stack.road_map import Lane, RoadMap
from drive_stack.types import FloatArray, SemanticClass

STEP = 3.0  # distance between two rows of vertices along the road [m]


@dataclass(frozen=True, slots=True)
class Strip:
    """Ribbons along the road between two laterals at each station [m]."""

    left: FloatArray  # (..., N)
    right: FloatArray  # (..., N)
    station: FloatArray  # (..., N)

    def quads(self, road: RoadMap) -> FloatArray:
        """Return the upward quads (K, 4, 3) of all ribbons in turn, in the world frame [m]."""
        left, right = (road.to_space(self.station, lateral, 0.0) for lateral in (self.left, self.right))
        ends = [left[..., :-1, :], right[..., :-1, :], right[..., 1:, :], left[..., 1:, :]]
        return np.stack(ends, axis=-2).reshape(-1, 4, 3)


@dataclass(frozen=True, slots=True)
class Layer:
    """Quadrilaterals of one kind: ``corners`` (Q, 4, 3) [m], RGBA ``colours`` (Q, 4, 4) of 0 … 255."""

    kind: SemanticClass | None  # None: traces, which have the label of what is below them
    corners: FloatArray
    colours: FloatArray
    smooth: bool = False  # colours pass into each other, so merged quads keep those of their ends
    near_only: bool = False  # too fine to be seen from afar


def merge_quads(layer: Layer, max_count: int) -> Layer:
    """Merge up to ``max_count`` successive quads of each ribbon into one quad.

    It has their mean colour, or the colours of its ends if the layer is ``smooth``.
    """
    corners = layer.corners
    continues = np.all(corners[1:, [0, 1]] == corners[:-1, [3, 2]], axis=(1, 2))
    is_head = np.append(True, ~continues)
    in_ribbon = np.arange(len(corners)) - np.maximum.accumulate(np.where(is_head, np.arange(len(corners)), 0))
    first = np.flatnonzero(in_ribbon % max_count == 0)
    last = np.append(first[1:], len(corners)) - 1
    outline = _ends(corners, first, last)
    if layer.smooth:
        return replace(layer, corners=outline, colours=_ends(layer.colours, first, last))
    total = np.add.reduceat(layer.colours.mean(axis=1), first, axis=0)
    mean = total / (last - first + 1)[:, None]
    return replace(layer, corners=outline, colours=np.repeat(mean[:, None], 4, axis=1))


def _ends(values: FloatArray, first: NDArray[np.intp], last: NDArray[np.intp]) -> FloatArray:
    """Return the near corners of the ``first`` quads and the far ones of the ``last``, (Q, 4, …)."""
    return np.stack([values[first, 0], values[first, 1], values[last, 2], values[last, 3]], axis=1)


def add_to_layers(layers: list[Layer], added: Iterable[Layer]) -> list[Layer]:
    """Return ``layers`` with each of ``added`` joined to the last layer of its kind, if there is one.

    The time to draw depends on the number of nodes, and each layer is a node.
    """
    joined = list(layers)
    for layer in added:
        for index in [k for k, other in enumerate(joined) if other.kind is layer.kind][-1:]:
            corners = np.concatenate([joined[index].corners, layer.corners])
            colours = np.concatenate([joined[index].colours, layer.colours])
            joined[index] = replace(joined[index], corners=corners, colours=colours)
    return joined


def layer_of(
    kind: SemanticClass | None,
    corners: FloatArray,
    colours: FloatArray,
    *,
    smooth: bool = False,
    near_only: bool = False,
) -> Layer:
    """Return a layer of quads (Q, 4, 3) with colours (Q, 3) or (Q, 4, 3)."""
    shades = colours if colours.ndim == 3 else np.repeat(colours[:, None, :], 4, axis=1)
    rgba = np.concatenate([shades, np.zeros((*shades.shape[:2], 1))], axis=2)
    return Layer(kind, corners, rgba, smooth, near_only)


def stations_between(start: float, end: float) -> FloatArray:
    """Return stations from start to end, at most `STEP` apart [m]."""
    return np.linspace(start, end, max(int(np.ceil((end - start) / STEP)), 1) + 1)


def clip_lane(road: RoadMap, lane: Lane, start: float, end: float) -> tuple[float, float]:
    """Clip a lane to two stations [m]. Lanes at the road's ends continue beyond them."""
    low = start if lane.start <= 0.0 else max(start, lane.start)
    high = end if lane.end >= road.length - 1e-6 else min(end, lane.end)
    return low, high
