"""Which keys tell failing courses from others, and the map over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drive_stack.falsification.figures import write_map
from drive_stack.falsification.outcome import Outcome, Trial, ranked
from drive_stack.falsification.telling import separations
from drive_stack.scenario_keys import Value


def trial(number: int, outcome: Outcome, criticality: float, **values: Value) -> Trial:
    return Trial(number, f"courses/{number}.yaml", 7, values, outcome, "", criticality, 0.5)


FAILS, PASSES = Outcome.COUNTEREXAMPLE, Outcome.PASSED
TRIALS = (
    trial(1, FAILS, 0.5, gap=1.0, light="night", speed=3.0),
    trial(2, FAILS, 0.8, gap=2.0, light="night", speed=7.0),
    trial(3, PASSES, -0.5, gap=3.0, light="night", speed=5.0),
    trial(4, PASSES, -0.6, gap=4.0, light="day", speed=1.0),
    trial(5, PASSES, -0.7, gap=5.0, light="day", speed=9.0),
    trial(6, PASSES, -0.8, gap=6.0, light="day", speed=4.0),
    trial(8, Outcome.NOT_CHARGED, -0.4, gap=7.0, light="day", speed=6.0),
    trial(7, Outcome.UNSOLVABLE, -1.5, gap=9.0, light="dusk", speed=4.0),
)


def test_separations_worked_by_hand() -> None:
    """Gaps are disjoint. Of the lights, 100 % and 20 % are night. Of the speeds {3, 7} and {1, 4, 5, 6, 9},
    at 3 a half and a fifth are at or below, and at 6 a half and four fifths.
    """
    found = separations(TRIALS)
    assert found == {"gap": pytest.approx(1.0), "light": pytest.approx(0.8), "speed": pytest.approx(0.3)}
    assert list(found) == ["gap", "light", "speed"]


def test_without_failures_the_most_critical_quarter_stands_for_them() -> None:
    passes = tuple(trial(number, PASSES, -number / 10, gap=float(number)) for number in range(1, 9))
    assert separations(passes) == {"gap": 1.0}
    assert separations(passes[:3]) == {}


def test_ranking_puts_the_most_critical_first_and_each_course_once() -> None:
    again = trial(9, FAILS, 0.5, gap=1.0)
    repeated = Trial(9, "courses/1.yaml", 7, again.values, FAILS, "", 0.5, 0.5)
    assert [found.number for found in ranked((*TRIALS, repeated))] == [2, 1]


@pytest.mark.parametrize("keys", [("gap", "light"), ("light", "speed")])
def test_the_map_shows_each_group_with_its_count_and_repeats(tmp_path: Path, keys: tuple[str, str]) -> None:
    first, second = tmp_path / "a.svg", tmp_path / "b.svg"
    write_map(TRIALS, keys, "modular", first)
    write_map(TRIALS, keys, "modular", second)
    assert first.read_bytes() == second.read_bytes()
    text = first.read_text()
    for label in ("passes (4)", "fails (2)", "collides, not charged (1)", "cannot be solved (1)"):
        assert f"<!-- {label} -->" in text
