"""Errors of lane estimates put into figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from drive_stack.learning.lanes.evaluation import LaneEnd, LaneErrors
from drive_stack.perception.lanes_network import END_RANGE

BANDS = ((0.0, 60.0), (60.0, 160.0), (160.0, END_RANGE))  # of the distance to a lane's end [m]
FAR = END_RANGE + 100.0  # an end farther off, or none, must not be reported [m]


def summary(errors: Iterable[LaneErrors]) -> dict[str, object]:
    """Median and 95th percentile of each error, over all and by scenario, weather, light and bend."""
    rows = list(errors)
    groups: dict[str, dict[str, list[LaneErrors]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        groups["scenario"][row.scenario].append(row)
        groups["weather"][row.weather].append(row)
        groups["light"][row.light].append(row)
        groups["road"]["curved" if row.curved else "straight"].append(row)
    split = {key: {name: figures(part) for name, part in parts.items()} for key, parts in groups.items()}
    return {"all": figures(rows), **{f"by_{key}": parts for key, parts in split.items()}}


def figures(rows: Sequence[LaneErrors]) -> dict[str, float]:
    """Counts, medians and 95th percentiles."""

    def spread(name: str, scale: float = 1.0) -> tuple[float, float]:
        values = np.abs(np.array([getattr(row, name) for row in rows], dtype=np.float64)) * scale
        middle, high = np.nanquantile(values, [0.5, 0.95])
        return round(float(middle), 5), round(float(high), 5)

    lateral, heading = spread("lateral"), spread("heading", 180.0 / np.pi)
    curvature, ahead = spread("curvature"), spread("ahead")
    return {
        "estimates": len(rows),
        "lateral_m": lateral[0],
        "lateral_m_p95": lateral[1],
        "heading_deg": heading[0],
        "heading_deg_p95": heading[1],
        "curvature_per_m": curvature[0],
        "curvature_per_m_p95": curvature[1],
        "path_30m_m": ahead[0],
        "path_30m_m_p95": ahead[1],
        "other_lane": round(float(np.mean([row.other_lane for row in rows])), 4),
        "neighbours_right": round(float(np.mean([row.neighbours for row in rows])), 4),
        "enterable_right": round(float(np.mean([row.enterable for row in rows])), 4),
        "confidence": round(float(np.mean([row.confidence for row in rows])), 4),
    }


def end_figures(errors: Iterable[LaneErrors]) -> dict[str, dict[str, dict[str, float]]]:
    """How well the ends of the ego's lane and of its neighbours are known, by how far off they are.

    ``found`` is the share of ends that were reported at all, ``error_m`` their median error [m];
    ``false`` the share of lanes reported to end within `END_RANGE` that do not end within `FAR`.
    """
    ends = [end for row in errors for end in row.ends]
    return {
        name: _end_table([end for end in ends if end.ego is ego])
        for name, ego in (("ego", True), ("neighbour", False))
    }


def _end_table(ends: Sequence[LaneEnd]) -> dict[str, dict[str, float]]:
    truth, seen = (np.array([getattr(end, name) for end in ends]) for name in ("truth", "seen"))
    table: dict[str, dict[str, float]] = {}
    for low, high in BANDS:
        here = (truth >= low) & (truth < high)
        if not here.any():
            continue
        found = here & np.isfinite(seen)
        error = np.abs(seen[found] - truth[found])
        table[f"{low:.0f}–{high:.0f} m"] = {"estimates": int(here.sum()), "found": _share(seen, here)} | (
            {
                "error_m": round(float(np.median(error)), 2),
                "error_m_p95": round(float(np.quantile(error, 0.95)), 2),
            }
            if len(error)
            else {}
        )
    none = truth > FAR
    if none.any():
        table["none"] = {"estimates": int(none.sum()), "false": _share(seen, none)}
    return table


def _share(seen: NDArray[np.float64], rows: NDArray[np.bool_]) -> float:
    return round(float(np.mean(np.isfinite(seen[rows]))), 4)
