"""What the shifts of the second suite cost the arms that drove it."""

from __future__ import annotations

from collections.abc import Iterator

from drive_stack.evaluation.estimate_text import format_points
from drive_stack.study.analysis import StudyAnalysis
from drive_stack.study_runner.study_page.markdown import UNKNOWN, percent, table


def shift_tables(analysis: StudyAnalysis) -> Iterator[str]:
    """Success on base and shifted courses by arm and size, and by family; nothing if none was driven."""
    cells = analysis.shifted
    if not cells:
        return
    yield from (f"## On the suite {analysis.plan.frontier.suite}", "")
    yield from table(
        ["arm", "rows", "trainings", "pairs", "base courses", "shifted courses", "drop [points]"],
        [
            [
                cell.arm,
                f"{cell.size:,}",
                str(cell.trainings),
                str(cell.pairs),
                percent(cell.base),
                percent(cell.shifted),
                str(format_points(cell.drop)),
            ]
            for cell in cells
        ],
    )
    families = sorted({family for cell in cells for family in cell.by_family})
    yield from ("Success on the shifted courses of each family [%]:", "")
    yield from table(
        ["family", *(f"{cell.arm}, {cell.size:,}" for cell in cells)],
        [[family, *(_percent(cell.by_family.get(family)) for cell in cells)] for family in families],
    )


def _percent(fraction: float | None) -> str:
    return UNKNOWN if fraction is None else f"{100.0 * fraction:.0f}"
