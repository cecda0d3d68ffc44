"""Numbers and tables as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drive_stack.evaluation.estimate_text import format_points
from drive_stack.evaluation.statistics import Estimate

UNKNOWN = "–"
MAX_ROWS = 10  # of a table that is not folded
FEW_TRAININGS = (
    "With two or three trainings the interval is too narrow: "
    "simulated coverage 51 % and 75 % if only seeds vary."
)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int = 1) -> Iterator[str]:
    """A table whose first ``texts`` columns are aligned to the left, and an empty line after it.

    A table of more than `MAX_ROWS` rows is folded; without rows there is none.
    """
    if not rows:
        return
    marks = ["---" if column < texts else "---:" for column in range(len(header))]
    is_folded = len(rows) > MAX_ROWS
    if is_folded:
        yield from ("<details>", f"<summary>{len(rows)} rows</summary>", "")
    for cells in (header, marks, *rows):
        yield f"| {' | '.join(cells)} |"
    yield ""
    if is_folded:
        yield from ("</details>", "")


def percent(estimate: Estimate | None) -> str:
    """A fraction in percent, such as ``93.2 % (89.1 to 95.8)``."""
    if estimate is None:
        return UNKNOWN
    text = format_points(estimate, sign="-")
    return f"{text.value} % ({text.interval})"


def probability(value: float) -> str:
    """A probability in percent."""
    return f"{100.0 * value:.0f} %"


def mean(values: Sequence[float | None], digits: int) -> str:
    """The mean of what is known."""
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):.{digits}f}" if known else UNKNOWN
