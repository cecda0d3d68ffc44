"""Abilities: every scenario of the catalogue tests exactly one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from drive_stack.evaluation.abilities.assignment import SCENARIOS, Ability, ability_of
from envs.scenarios.scenario import scenario_names

DOCS = Path(__file__).parents[2] / "docs" / "guides" / "evaluation.md"


def test_every_scenario_of_the_catalogue_has_one_ability() -> None:
    assigned = Counter(name for names in SCENARIOS.values() for name in names)
    assert set(assigned) == set(scenario_names()) and set(assigned.values()) == {1}


def test_keys_of_a_scenario_do_not_change_its_ability() -> None:
    assert ability_of("curves[conditions.weather={fog: 1}]") is Ability.KEEP_LANE
    assert ability_of("tour") is Ability.OTHER
    assert ability_of("examples/own.yaml") is Ability.OTHER


def test_the_documentation_lists_the_same_scenarios() -> None:
    table = re.findall(r"^\| ([\w ]+) \| ((?:`\w+`(?:, )?)+) \|", DOCS.read_text(encoding="utf-8"), re.M)
    documented = {name: tuple(re.findall(r"`(\w+)`", scenarios)) for name, scenarios in table}
    assert documented == {ability.value: names for ability, names in SCENARIOS.items()}
