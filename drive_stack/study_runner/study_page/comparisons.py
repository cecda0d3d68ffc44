"""Where arms overtake one another, how they compare at equal amounts, and what makes results vary."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from drive_stack.evaluation.estimate_text import format_p, format_points
from drive_stack.study.analysis import StudyAnalysis
from drive_stack.study.comparison.crossings import Crossing, NoCrossing, Verdict
from drive_stack.study.comparison.equal_success import DataRatio
from drive_stack.study.config import Axis, Phase
from drive_stack.study.curves import FamilyName
from drive_stack.study.endpoints import Endpoint
from drive_stack.study.figures import UNITS, amount_text, crossing_text
from drive_stack.study.outcomes import common_courses
from drive_stack.study.records import TrainingId
from drive_stack.study_runner.study_page.markdown import FEW_TRAININGS, UNKNOWN, probability, table

_ANSWERS = {
    Verdict.LEADS: "It leads over the whole range",
    Verdict.OVERTAKES: "Yes",
    Verdict.AHEAD_AT_END: "Yes, or it leads over the whole of it",
    Verdict.DOES_NOT: "No",
    Verdict.UNDECIDED: "The interval is too wide to say",
}
_ENDPOINTS = {Endpoint.SUCCESS: "success", Endpoint.SUCCESS_IN_LANES: "success in the lanes"}


def answer(analysis: StudyAnalysis, planned: Sequence[TrainingId]) -> Iterator[str]:
    """What the primary pair says on the primary axis, and how far an unfinished final phase has come."""
    settings = analysis.plan.analysis
    finished = len(analysis.finished.intersection(planned))
    if analysis.plan.phase is Phase.FINAL and finished < len(planned):
        yield from (f"**Unfinished: {finished} of {len(planned)} planned trainings.**", "")
    crossing = analysis.crossing(settings.pairs[0], settings.primary_axis)
    if not isinstance(crossing, Crossing):
        yield f"There is no crossing of the primary pair: {_why_none(analysis, crossing)}."
        yield from _at_the_largest_sizes(analysis)
        yield ""
        return
    names = [name.replace("_", " ") for name in (crossing.challenger, crossing.incumbent)]
    low, high = map(amount_text, crossing.range)
    data = f"{low} to {high} {UNITS[crossing.axis]}"
    found = _ANSWERS[crossing.verdict]
    yield f"**Does {names[0]} overtake {names[1]} within what was measured, {data}? {found}.**"
    text = crossing_text(crossing).replace("\n", ". ")
    yield f"{text[:1].upper()}{text[1:]}."
    if single := [name for name in settings.pairs[0] if not analysis.arms[name].outcomes.has_repeats]:
        yield (
            f"The interval holds for these trainings only: no size of {' and '.join(single)} has two "
            "trainings, so that training seeds were not resampled."
        )
    yield from _at_the_largest_sizes(analysis)
    yield from _ratio_sentence(analysis, names)
    yield ""


def _at_the_largest_sizes(analysis: StudyAnalysis) -> Iterator[str]:
    """How often each arm of the primary pair succeeds with most data."""
    for name in analysis.plan.analysis.pairs[0]:
        if name in analysis.arms:
            cell = analysis.arms[name].cells[-1]
            success = f"{100.0 * cell.success.value:.1f} % of the courses"
            yield f"With {cell.size:,} rows, {name.replace('_', ' ')} succeeds on {success}."


def _ratio_sentence(analysis: StudyAnalysis, names: Sequence[str]) -> Iterator[str]:
    """How much more data the challenger needs, at each level of success."""
    parts, unreached = [], []
    for item in analysis.ratios.get(analysis.plan.analysis.pairs[0], ()):
        level = f"{100.0 * item.success:.0f}"
        if math.isinf(item.ratio.value):
            unreached.append(level)
            continue
        estimate, interval, _ = _ratio_texts(item, bound="at least")
        parts.append(f"{estimate} times as much for {level} % success ({interval})")
    if unreached:
        parts.append(f"more than was measured for {', '.join(unreached)} % success")
    if parts:
        challenger, incumbent = names
        yield f"To succeed as often as {incumbent}, {challenger} needs more data: {', '.join(parts)}."


def _why_none(analysis: StudyAnalysis, found: NoCrossing | None) -> str:
    if found is not None:
        return found.reason
    pair = analysis.plan.analysis.pairs[0]
    if missing := [name for name in pair if name not in analysis.arms]:
        return f"no training of {' and '.join(missing)} has driven all courses"
    first, second = (analysis.arms[name].outcomes for name in pair)
    return "there are too few sizes" if common_courses(first, second) else "there are no common courses"


def comparison_tables(analysis: StudyAnalysis) -> Iterator[str]:
    """Crossings of all pairs, the primary one looked at in other ways, differences and variances."""
    yield from _crossings(analysis)
    yield from _ratios(analysis)
    yield from _primary(analysis)
    yield from _differences(analysis)
    yield from _variances(analysis)


def _crossings(analysis: StudyAnalysis) -> Iterator[str]:
    if not analysis.crossings:
        return
    yield from ("## From how much on is the challenger better?", "")
    header = [
        "incumbent", "challenger", "axis", "verdict", "estimate", "median", "95 % interval",
        "no crossing in the range", "curves do not cross", "ahead from the start",
    ]  # fmt: skip
    rows = [_crossing_row(item) for item in analysis.crossings if item.axis is not Axis.DECISION_MS]
    yield from table(header, rows, texts=4)
    factor = f"{analysis.plan.analysis.extrapolation:,.0f}"
    yield (
        f"The range is that of both arms. *Curves do not cross*: not up to {factor} times its end. "
        "An estimate beyond the range follows from the curves alone."
    )
    yield ""


def _crossing_row(item: Crossing | NoCrossing) -> list[str]:
    begin = [item.incumbent, item.challenger, UNITS[item.axis]]
    if isinstance(item, NoCrossing):
        return [*begin, item.reason, *[UNKNOWN] * 6]
    return [
        *begin,
        item.verdict.value,
        amount_text(item.estimate),
        amount_text(item.position.value),
        _interval(item),
        *map(probability, (item.never_in_range, item.never, item.ahead_from_start)),
    ]


def _interval(crossing: Crossing) -> str:
    return f"{amount_text(crossing.position.low)} to {amount_text(crossing.position.high)}"


def _ratios(analysis: StudyAnalysis) -> Iterator[str]:
    rows = [
        [item.incumbent, item.challenger, f"{100.0 * item.success:.0f} %", *_ratio_texts(item)]
        for ratios in analysis.ratios.values()
        for item in ratios
    ]
    if not rows:
        return
    yield from ("## How much more data for equal success?", "")
    header = [
        "incumbent",
        "challenger",
        "success",
        "challenger's data / incumbent's",
        "95 % interval",
        "neither",
    ]
    yield from table(header, rows, texts=2)
    yield (
        "Within the range of both arms. ≥: the incumbent is as good at the start of it already. *More than "
        "was measured*: the challenger is not as good at its end. *Neither*: probability that no arm "
        "is as good, which the interval leaves out."
    )
    yield ""


def _ratio_texts(item: DataRatio, bound: str = "≥") -> tuple[str, str, str]:
    def text(value: float) -> str:
        return "more than was measured" if math.isinf(value) else f"{value:.2g}"

    estimate = text(item.ratio.value)
    if item.at_least and math.isfinite(item.ratio.value):
        estimate = f"{bound} {estimate}"
    return estimate, f"{text(item.ratio.low)} to {text(item.ratio.high)}", probability(item.neither)


def _primary(analysis: StudyAnalysis) -> Iterator[str]:
    """The primary pair on the primary axis: other courses, endpoints and families of curves."""
    axis = analysis.plan.analysis.primary_axis
    ways: list[tuple[str, Sequence[Crossing | NoCrossing]]] = [
        (f"by {_ENDPOINTS[analysis.plan.analysis.endpoint]}, for new courses", analysis.crossings),
        (f"by {_ENDPOINTS[analysis.plan.analysis.endpoint]}, for the same courses", analysis.same_courses),
        *((f"by {_ENDPOINTS[name]}, for new courses", found) for name, found in analysis.by_endpoint.items()),
        (
            "from the mean of each size, without curves",
            [] if analysis.by_means is None else [analysis.by_means],
        ),
    ]
    rows = []
    for name, found in ways:
        item = next((item for item in found if item.axis is axis), None)
        if isinstance(item, Crossing):
            rows.append([name, amount_text(item.estimate), _interval(item), item.verdict.value])
    if not rows:
        return
    yield from (f"## The primary crossing in other ways [{UNITS[axis]}]", "")
    yield from table(["", "estimate", "95 % interval", "verdict"], rows)
    yield from table(
        ["family of both curves", "estimate"],
        [
            [family.value.replace("_", " "), amount_text(value)]
            for family, value in analysis.by_family.items()
        ],
    )
    yield from table(
        ["arm", "by AICc, the best first", "by BIC, the best first"],
        [
            [name, _families(arm.fits), _families(sorted(arm.fits, key=lambda family: arm.fits[family].bic))]
            for name, arm in analysis.arms.items()
            if arm.fits
        ],
        texts=3,
    )


def _families(names: Iterable[FamilyName]) -> str:
    return ", ".join(name.value.replace("_", " ") for name in names)


def _differences(analysis: StudyAnalysis) -> Iterator[str]:
    rows = [
        [
            item.first,
            item.second,
            f"{item.size:,}",
            str(item.seeds),
            str(item.courses),
            UNKNOWN if item.of_new is None else str(format_points(item.of_new)),
            str(format_points(item.of_these)),
            format_p(item.p).removeprefix("= "),
        ]
        for differences in analysis.differences.values()
        for item in differences
    ]
    if rows:
        yield from (
            "## At equal amounts",
            "",
            "Success of the first minus that of the second, in points.",
            "",
        )
        header = ["first", "second", "rows", "seeds", "courses", "new trainings", "these trainings", "p"]
        yield from table(header, rows, texts=2)
        yield "p: exact paired test of these trainings, corrected for the number of sizes by Holm's method."
        if any(item.seeds <= 3 for differences in analysis.differences.values() for item in differences):
            yield FEW_TRAININGS
        yield ""


def _variances(analysis: StudyAnalysis) -> Iterator[str]:
    rows = [
        [name, *(probability(part / total) for part in (split.trainings, split.courses, split.rest))]
        for name, arm in analysis.arms.items()
        if (split := arm.variance) is not None and (total := split.total) > 0.0
    ]
    if rows:
        yield from ("## What makes a drive succeed or fail, at a fixed size", "")
        yield from table(["arm", "training seed", "course", "both together, and chance"], rows)
