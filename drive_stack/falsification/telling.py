"""Which keys tell failing courses from others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from drive_stack.falsification.outcome import Outcome, Trial
from drive_stack.scenario_keys import Value

_UPPER = 0.25  # fraction of the courses that stand for failures where there are none
MIN_GROUP = 2  # courses in a group that is compared


def separations(trials: Sequence[Trial]) -> dict[str, float]:
    """How far the values of each key differ between failing and other courses, 0 … 1; the greatest first.

    For numbers it is the Kolmogorov–Smirnov statistic, the greatest distance between the two cumulative
    distributions. For names it is the total variation distance, the greatest difference of the probabilities
    of a set of them. Both are 0 for equal and 1 for disjoint distributions. Courses that cannot be solved and
    errors are left out. With fewer than two counterexamples, the most critical quarter stands for the
    failures. A dictionary without values says that there are too few courses.
    """
    usable = [trial for trial in trials if trial.outcome in _SOLVABLE and trial.criticality is not None]
    failing = [trial for trial in usable if trial.is_counterexample]
    if len(failing) < MIN_GROUP:
        order = sorted(usable, key=lambda trial: -(trial.criticality or 0.0))
        failing = order[: round(_UPPER * len(order))]
    chosen = {trial.number for trial in failing}
    others = [trial for trial in usable if trial.number not in chosen]
    if min(len(failing), len(others)) < MIN_GROUP:
        return {}
    found = {
        key: _distance([trial.values[key] for trial in failing], [trial.values[key] for trial in others])
        for key in trials[0].values
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))


_SOLVABLE = (Outcome.COUNTEREXAMPLE, Outcome.PASSED, Outcome.NOT_CHARGED)


def _distance(first: Sequence[Value], second: Sequence[Value]) -> float:
    if any(isinstance(value, str) for value in (*first, *second)):
        counts = Counter(first), Counter(second)
        names = set(first) | set(second)
        differences = [counts[0][name] / len(first) - counts[1][name] / len(second) for name in names]
        return sum(abs(difference) for difference in differences) / 2.0
    a, b = (np.sort(np.asarray(values, dtype=np.float64)) for values in (first, second))
    at = np.concatenate([a, b])
    below = [np.searchsorted(values, at, side="right") / len(values) for values in (a, b)]
    return float(np.abs(below[0] - below[1]).max())
