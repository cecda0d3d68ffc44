"""Numbers and tables as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from drive_stack.evaluation.statistics import Estimate

UNKNOWN = "–"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int = 1) -> Iterator[str]:
    """A table whose first ``texts`` columns are aligned to the left, and an empty line after it."""
    marks = ["---" if column < texts else "---:" for column in range(len(header))]
    for cells in (header, marks, *rows):
        yield f"| {' | '.join(cells)} |"
    yield ""


def percent(estimate: Estimate | None) -> str:
    """A fraction with its interval, in percent."""
    if estimate is None:
        return UNKNOWN
    return f"{100.0 * estimate.value:.1f} % ({100.0 * estimate.low:.1f} to {100.0 * estimate.high:.1f})"


def points(estimate: Estimate) -> str:
    """A difference of fractions with its interval, in percentage points."""
    return f"{100.0 * estimate.value:+.1f} ({100.0 * estimate.low:+.1f} to {100.0 * estimate.high:+.1f})"


def probability(value: float) -> str:
    """A probability in percent."""
    return f"{100.0 * value:.0f} %"


def amount(value: float | None) -> str:
    """Two significant digits; 0 and infinity of a crossing as words."""
    if value is None:
        return UNKNOWN
    if value == 0.0:
        return "the start"
    return "never" if math.isinf(value) else f"{float(f'{value:.2g}'):,.6g}"


def mean(values: Sequence[float | None], digits: int) -> str:
    """The mean of what is known."""
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):.{digits}f}" if known else UNKNOWN
