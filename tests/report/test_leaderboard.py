"""The leaderboard: entries from finished runs, costs from cards, and the page that compares them."""

from __future__ import annotations

import datetime
import json
import lzma
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic_rows

import run_sim
from agents.facts import agent_facts
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import open_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.run_facts import Driver, RunFacts, write_facts
from drive_stack.evaluation.suite import load_suite
from drive_stack.leaderboard.card import Costs, LeaderboardCard, with_overrides
from drive_stack.leaderboard.entries import Entry, read_entries, write_entry
from drive_stack.leaderboard.page import leaderboard_page
from drive_stack.leaderboard.probes import probes_of
from drive_stack.leaderboard.training_costs import training_costs
from drive_stack.seeds import SeedSplit
from drive_stack.support.compressed_lines import read_lines, write_lines
from envs.scenarios.scenario import load_scenario, scenario_names

DAY = datetime.date(2026, 11, 29)
FIRST = SeedSplit.TEST.first
EPISODES = {"standard": 4, "frontier": 8, "recovery": 2}


def card(name: str, **costs: float) -> LeaderboardCard:
    return LeaderboardCard(name=name, date=DAY, machine="a machine", costs=Costs.model_validate(costs))


def entry(name: str, outcomes: str, **costs: float) -> Entry:
    rows = synthetic_rows.drives(name, "cruise", outcomes, first_seed=FIRST)
    return Entry(card(name, **costs), {"standard": tuple(rows)})


def with_frontier(of: Entry, base: str, shifted: str) -> Entry:
    name = of.card.name
    rows = [
        *synthetic_rows.drives(name, "slow_lead", base, first_seed=FIRST),
        *synthetic_rows.drives(name, "slow_lead[shift=lens/2]", shifted, first_seed=FIRST),
    ]
    return replace(of, rows={**of.rows, "frontier": tuple(rows)})


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the table below a heading, without head and rule."""
    section = page.split(f"## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


# --- the page ------------------------------------------------------------------------------------


def test_drivers_are_in_the_order_of_their_success_with_intervals() -> None:
    page = leaderboard_page([entry("a", "..xx"), entry("b", "...x"), entry("c", ".xxx")], EPISODES)
    rows = table(page, "Standard")
    assert [row[0] for row in rows] == ["`b`", "`a`", "`c`"]
    assert rows[0][1] == "75.0 (30.1–95.4)"  # Wilson's interval of 3 of 4, by hand
    assert rows[0][2] == "25.0 (4.6–69.9)" and rows[2][3].startswith("62.5 (")  # progress (1 + 3 · 0.5) / 4
    assert "## Frontier" not in page


def test_a_driver_that_has_not_driven_the_whole_suite_is_left_out() -> None:
    page = leaderboard_page([entry("whole", "...."), entry("part", "...")], EPISODES)
    assert [row[0] for row in table(page, "Standard")] == ["`whole`"] and "part" not in page
    empty = leaderboard_page([entry("part", "...")], EPISODES)
    assert "there is no table" in empty and "## Standard" not in empty and "## Add a driver" in empty


def test_the_drop_on_frontier_is_that_of_pairs() -> None:
    drivers = [
        with_frontier(entry("a", "...."), "....", "..xx"),
        with_frontier(entry("b", "...x"), "...x", "...x"),
    ]
    rows = table(leaderboard_page(drivers, EPISODES), "Frontier")
    assert [(row[0], row[1][:6], row[2][:5], row[3][:5]) for row in rows[:2]] == [
        ("`b`", "75.0 (", "75.0 ", "0.0 ("),
        ("`a`", "100.0 ", "50.0 ", "50.0 "),
    ]


def test_success_by_family_is_over_all_severities() -> None:
    both = with_frontier(entry("a", "...."), "....", "..xx")
    grip = [
        *synthetic_rows.drives("a", "braking_lead", "...x", first_seed=FIRST),
        *synthetic_rows.drives("a", "braking_lead[shift=grip/1]", "xxxx", first_seed=FIRST),
        *synthetic_rows.drives("a", "braking_lead[shift=grip/3]", "...x", first_seed=FIRST),
    ]
    both = replace(both, rows={**both.rows, "frontier": (*both.rows["frontier"], *grip)})
    page = leaderboard_page([both], {**EPISODES, "frontier": 20})
    assert table(page, "Frontier")[1:] == [
        ["family", "`a`"],
        ["---", "---:"],
        ["`grip`", "75 → 38"],  # of the twins 0 of 4 and 3 of 4
        ["`lens`", "100 → 50"],
    ]


def test_costs_are_shown_and_a_dash_where_they_are_not_known() -> None:
    driver = entry("a", "....", data_minutes=104.9, label_hours=0.0, step_ms=8.25, weights=2_060_000)
    (row,) = table(leaderboard_page([driver], EPISODES), "What a driver costs")
    assert row == ["`a`", "105", "0", "–", "8.2", "2,060,000", "–", "2026-11-29", "a machine"]


def test_drivers_that_read_the_truth_are_marked_and_code_is_linked() -> None:
    plain = entry("a", "....")
    rows = [replace(row, result=replace(row.result, privileged=True)) for row in plain.rows["standard"]]
    linked = plain.card.model_copy(update={"link": "https://example.org/a"})
    page = leaderboard_page([Entry(linked, {"standard": tuple(rows)})], EPISODES)
    assert table(page, "Standard")[0][0] == r"[a](https://example.org/a) \*"


def test_more_than_ten_drivers_are_folded() -> None:
    drivers = [entry(f"d{number:02}", "...x") for number in range(12)]
    section = leaderboard_page(drivers, EPISODES).split("## Standard")[1].split("\n## ")[0]
    shown, folded = section.split("<details>")
    assert shown.count("`d") == 10 and folded.count("`d") == 2


def test_rows_of_several_states_of_the_code_are_noted() -> None:
    first, second = entry("a", "...."), entry("b", "....")
    other = [replace(row, code_hash="other") for row in second.rows["standard"]]
    assert "states of the code" not in leaderboard_page([first, second], EPISODES)
    page = leaderboard_page([first, Entry(second.card, {"standard": tuple(other)})], EPISODES)
    assert "driven by 2 states of the code" in page


# --- probes --------------------------------------------------------------------------------------


def test_probes_worked_by_hand() -> None:
    rows = [
        replace(row, result=replace(row.result, standing_free_longest_s=seconds))
        for row, seconds in zip(entry("a", "....").rows["standard"], (0.0, 8.0, 7.9, 12.5), strict=True)
    ]
    driver = with_frontier(Entry(card("a"), {"standard": tuple(rows)}), "....", "..xx")
    recovery = tuple(synthetic_rows.drives("a", "cruise[ego.offset=1]", ".x", first_seed=FIRST))
    probes = probes_of(replace(driver, rows={**driver.rows, "recovery": recovery}))
    assert (probes.longest_stand_s, probes.inert) == (12.5, 2)
    assert probes.recovery is not None and probes.recovery.value == 0.5
    assert probes.looks is not None and probes.looks.drop.value == 0.5 and probes.looks.pairs == 4


def test_probes_that_no_row_carries_are_unknown() -> None:
    rows = [
        replace(row, result=replace(row.result, speeds_mps=())) for row in entry("a", "..").rows["standard"]
    ]
    probes = probes_of(Entry(card("a"), {"standard": tuple(rows)}))
    assert (probes.longest_stand_s, probes.inert, probes.recovery, probes.looks) == (None, None, None, None)


# --- costs ---------------------------------------------------------------------------------------


def write_model_card(folder: Path, name: str, **keys: object) -> None:
    content = {"file": name, "sha256": name * 2, "command": f"train {name}", **keys}
    (folder / name).with_suffix(".card.json").write_text(json.dumps(content), encoding="utf-8")


def test_costs_of_networks_worked_by_hand(tmp_path: Path) -> None:
    frames = {"frames": 3600, "boxes": 7200, "seeds": [0, 1]}
    sentence = "An encoder of 1.75 million weights."
    keys = {"training_data": frames, "network": sentence, "minutes": 30.0, "threads": 2}
    write_model_card(tmp_path, "detector.onnx", **keys)
    write_model_card(tmp_path, "lanes.onnx", **{**keys, "minutes": 15.0})
    costs = training_costs({name: name * 2 for name in ("detector.onnx", "lanes.onnx")}, tmp_path)
    assert costs.data_minutes == 120.0  # 3,600 frames, one a second, for each network
    assert costs.label_hours == 14.0 + 5.0  # 7,200 boxes of 7 s, 3,600 frames of 5 s
    assert costs.core_hours == 1.0 + 0.5 and costs.weights == 3_500_000


def test_two_files_of_one_training_count_once(tmp_path: Path) -> None:
    recordings = {"plain": {"rows": 300}, "dagger": {"rows": 600}, "validation": {"rows": 9999}}
    keys = {"recordings": recordings, "weights": 649_175, "minutes": 60.0, "command": "train policy"}
    for name in ("trunk.onnx", "head.onnx"):
        write_model_card(tmp_path, name, **keys)
    costs = training_costs({name: name * 2 for name in ("trunk.onnx", "head.onnx")}, tmp_path)
    assert costs.data_minutes == 3.0 and costs.weights == 649_175  # 900 rows, five a second
    assert costs.label_hours is None and costs.core_hours is None  # no card says it


def test_costs_of_a_training_of_the_study_worked_by_hand(tmp_path: Path) -> None:
    labels = {"boxes": 720, "lane_frames": 360, "distances": 1200, "controls": 9999}
    write_model_card(tmp_path, "trunk.onnx", labels=labels, minutes=90.0, threads=1)
    costs = training_costs({"trunk.onnx": "trunk.onnx" * 2}, tmp_path)
    assert costs.label_hours == pytest.approx(1.4 + 0.5 + 1.0)  # 7, 5 and 3 s; controls cost nothing
    assert costs.core_hours == 1.5


def test_weights_with_a_name_that_others_have_are_found_by_their_hash(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for folder, rows, sha256 in ((tmp_path, 300, "a"), (plain, 600, "b")):
        recordings = {"expert": {"rows": rows}}
        write_model_card(folder, "trunk.onnx", recordings=recordings, weights=1, sha256=sha256)
    assert training_costs({"trunk.onnx": "a"}, tmp_path).data_minutes == 1.0
    assert training_costs({"trunk.onnx": "b"}, tmp_path).data_minutes == 2.0


def test_other_weights_are_unknown_and_no_network_costs_nothing(tmp_path: Path) -> None:
    write_model_card(tmp_path, "lanes.onnx", training_data={"frames": 3600, "boxes": 0})
    assert training_costs({"lanes.onnx": "another hash"}, tmp_path) == Costs()
    assert training_costs({}, tmp_path) == Costs(data_minutes=0, label_hours=0, core_hours=0, weights=0)


@pytest.mark.parametrize("agent", ["modular", "end_to_end", "end_to_end_plain", "ppo"])
def test_the_cards_of_the_shipped_networks_say_how_much_they_learned_from(agent: str) -> None:
    costs = training_costs(agent_facts(agent).weights)
    assert costs.data_minutes is not None and costs.data_minutes > 60.0


# --- files and the command -----------------------------------------------------------------------


def test_an_entry_keeps_its_rows_of_other_suites(tmp_path: Path) -> None:
    whole = with_frontier(entry("a", "...x"), "....", "..xx")
    write_entry(tmp_path, replace(whole, rows={"standard": whole.rows["standard"]}))
    write_entry(tmp_path, replace(whole, rows={"frontier": whole.rows["frontier"]}))
    (read,) = read_entries(tmp_path)
    assert read.card == whole.card and set(read.rows) == {"standard", "frontier"}
    assert {row.key for row in read.rows["frontier"]} == {row.key for row in whole.rows["frontier"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lzma.compress(b'{"suite": "smoke", "row": {}}\n'), "not a row of standard"),
        (lzma.compress(b"{}\n" * 99)[:-9], "cut off"),
        (b"no archive", "not compressed"),
    ],
)
def test_files_of_others_are_refused_in_one_line(content: bytes, message: str, tmp_path: Path) -> None:
    write_entry(tmp_path, entry("a", "..."))
    (tmp_path / "a.rows.jsonl.xz").write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        read_entries(tmp_path)
    assert "\n" not in str(caught.value)


def test_lines_that_expand_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.xz", ["x" * 1000])
    assert read_lines(tmp_path / "a.xz", 1001) == [b"x" * 1000]
    with pytest.raises(ValueError, match="more than"):
        read_lines(tmp_path / "a.xz", 1000)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("costs.weights=-1", "costs.weights"),
        ("name=a/b", "name"),
        ("link=javascript:x", "link"),
        ("x", "key"),
    ],
)
def test_a_wrong_value_of_a_card_is_refused(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        with_overrides(card("a"), [override])


def run_of_standard(folder: Path, labels: Sequence[str], *, missing: int = 0) -> Path:
    """A run folder of the suite standard in which every episode is completed."""
    suite = load_suite("standard")
    scenarios = suite.scenarios(scenario_names(), lambda name: load_scenario(name).world_name)
    facts = RunFacts(
        suite="standard",
        scenarios=scenarios,
        first_seed=suite.first_seed,
        seeds=suite.seeds,
        drivers={label: Driver(agent=label) for label in labels},
    )
    folder.mkdir()
    write_facts(folder, facts)
    rows: list[Row] = [
        replace(synthetic_rows.row(label, *course), world=course[0])
        for label in labels
        for course in facts.courses[missing:]
    ]
    with open_rows(folder):
        pass
    text = "".join(row.to_json() + "\n" for row in rows)  # at once: a flush for each of them takes seconds
    (folder / "rows.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_the_command_enters_a_driver_and_writes_the_page(tmp_path: Path) -> None:
    run = run_of_standard(tmp_path / "run", ["constant", "mine 2"])
    page, entries = tmp_path / "page.md", tmp_path / "entries"
    command = ["leaderboard", "--folder", str(entries), "--out", str(page)]
    assert run_sim.main([*command, "--add", str(run), "--label", "constant", "--set", "about=drives on"]) == 0
    assert run_sim.main([*command, "--add", str(run)]) == 0  # again, and the other driver
    first, second = read_entries(entries)
    assert (first.card.name, second.card.name) == ("constant", "mine_2")
    assert first.card.about == "drives on" and first.card.costs.weights == 0
    assert (
        first.card.costs.step_ms == 20.0 and second.card.costs.weights is None
    )  # `mine 2` is no known agent
    rows = table(page.read_text(encoding="utf-8"), "Standard")
    assert [row[:2] for row in rows] == [
        [f"`{name}`", "100.0 (98.3–100.0)"]  # 220 / (220 + 1.96²)
        for name in ("constant", "mine_2")
    ]


@pytest.mark.parametrize(
    ("missing", "words", "message"),
    [
        (1, ["--label", "constant"], "has driven 219 of 220 episodes"),
        (0, ["--label", "constnt"], "no driver 'constnt'"),
        (0, ["--label", "constant", "--set", "costs.weigths=1"], "costs.weigths"),
    ],
)
def test_an_unfit_run_is_refused_and_nothing_is_written(
    missing: int, words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of_standard(tmp_path / "run", ["constant"], missing=missing)
    out = ["--folder", str(tmp_path / "entries"), "--out", str(tmp_path / "page.md")]
    assert run_sim.main(["leaderboard", "--add", str(run), *words, *out]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "entries").exists() and not (tmp_path / "page.md").exists()
