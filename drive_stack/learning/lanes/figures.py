"""Statistics of the errors of lane estimates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from drive_stack.learning.lanes.card_fields import EndErrors, EndTables, ErrorTables
from drive_stack.learning.lanes.evaluation import LaneEnd, LaneErrors
from drive_stack.perception.lanes_network import END_RANGE

BANDS = ((0.0, 60.0), (60.0, 160.0), (160.0, END_RANGE))  # of the distance to a lane's end [m]
FAR = END_RANGE + 100.0  # reporting an end is false if the lane ends farther away or not at all [m]


def summarise_errors(errors: Iterable[LaneErrors]) -> ErrorTables:
    """Statistics of all errors, and by scenario, weather, light and curvature of the road."""
    rows = list(errors)
    groups: dict[str, dict[str, list[LaneErrors]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        groups["scenario"][row.scenario].append(row)
        groups["weather"][row.weather].append(row)
        groups["light"][row.light].append(row)
        groups["road"]["curved" if row.curved else "straight"].append(row)
    tables = {
        key: {name: error_statistics(part) for name, part in parts.items()} for key, parts in groups.items()
    }
    return {
        "all": error_statistics(rows),
        "by_scenario": tables["scenario"],
        "by_weather": tables["weather"],
        "by_light": tables["light"],
        "by_road": tables["road"],
    }


def error_statistics(rows: Sequence[LaneErrors]) -> dict[str, float]:
    """Counts, fractions, and medians and 95th percentiles of the absolute errors.

    The keys of the ground are left out where the road is never in sight at the distance that they concern.
    """

    def quantiles(name: str, scale: float = 1.0) -> tuple[float, float]:
        values = np.abs(np.array([getattr(row, name) for row in rows], dtype=np.float64)) * scale
        if np.isnan(values).all():
            return float("nan"), float("nan")
        median, high = np.nanquantile(values, [0.5, 0.95])
        return round(float(median), 5), round(float(high), 5)

    lateral, heading = quantiles("lateral"), quantiles("heading", 180.0 / np.pi)
    curvature, path, ground = quantiles("curvature"), quantiles("path"), quantiles("ground")
    in_sight = {} if np.isnan(ground[0]) else {"ground_50m": ground[0], "ground_50m_p95": ground[1]}
    return {
        "estimates": len(rows),
        "lateral_m": lateral[0],
        "lateral_m_p95": lateral[1],
        "heading_deg": heading[0],
        "heading_deg_p95": heading[1],
        "curvature_per_m": curvature[0],
        "curvature_per_m_p95": curvature[1],
        "path_30m_m": path[0],
        "path_30m_m_p95": path[1],
        **in_sight,
        "other_lane": round(float(np.mean([row.other_lane for row in rows])), 4),
        "neighbours_right": round(float(np.mean([row.neighbours for row in rows])), 4),
        "enterable_right": round(float(np.mean([row.enterable for row in rows])), 4),
        "confidence": round(float(np.mean([row.confidence for row in rows])), 4),
    }


def end_statistics(errors: Iterable[LaneErrors]) -> EndTables:
    """Errors of the estimated ends of the ego's lane and its neighbours, by their true distance.

    ``found`` is the fraction of ends that were reported at all and ``error_m`` their median error [m];
    ``false`` is the fraction of lanes without an end within `FAR` that were reported to end.
    """
    ends = [end for row in errors for end in row.ends]
    return {
        "ego": _end_table([end for end in ends if end.ego]),
        "neighbour": _end_table([end for end in ends if not end.ego]),
    }


def _end_table(ends: Sequence[LaneEnd]) -> dict[str, EndErrors]:
    truth, estimate = (np.array([getattr(end, name) for end in ends]) for name in ("truth", "estimate"))
    table: dict[str, EndErrors] = {}
    for low, high in BANDS:
        in_band = (truth >= low) & (truth < high)
        if not in_band.any():
            continue
        detected = in_band & np.isfinite(estimate)
        error = np.abs(estimate[detected] - truth[detected])
        row: EndErrors = {"estimates": int(in_band.sum()), "found": _reported(estimate, in_band)}
        if len(error):
            row["error_m"] = round(float(np.median(error)), 2)
            row["error_m_p95"] = round(float(np.quantile(error, 0.95)), 2)
        table[f"{low:.0f}–{high:.0f} m"] = row
    none = truth > FAR
    if none.any():
        table["none"] = {"estimates": int(none.sum()), "false": _reported(estimate, none)}
    return table


def _reported(estimate: NDArray[np.float64], rows: NDArray[np.bool_]) -> float:
    """Fraction of some rows in which an end is reported."""
    return round(float(np.mean(np.isfinite(estimate[rows]))), 4)
