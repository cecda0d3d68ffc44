"""Hostile content of runs and recordings, found by fuzzing: refused or quoted in one short line."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzz_strategies import check_line
from pydantic import ValidationError
from small_shards import ACTOR, SCHEMA, columns, write_listed, write_shard
from synthetic_rows import row

from drive_stack.app.commands.replay import load_replay
from drive_stack.config import StrictModel, first_problem
from drive_stack.datasets.drives.folder import RecordingFolder
from drive_stack.datasets.drives.reader import Recording
from drive_stack.datasets.drives.recording_task import CollectSettings
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.manifest import NAME as MANIFEST
from drive_stack.datasets.manifest import read_manifest
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import NAME as ROWS
from drive_stack.evaluation.batch.row_file import read_rows
from drive_stack.evaluation.run_facts import NAME as RUN_FACTS
from drive_stack.evaluation.run_facts import RunFacts, read_facts, write_facts
from drive_stack.report.offline import read_offline
from drive_stack.report.runs import read_runs
from drive_stack.runtime.weights import sha256_of
from drive_stack.seeds import MAX_EPISODES, MAX_SEED
from run_sim import make_wiring

LINES = "a\nb\x1b[2J\u2028\x85"
LONG = "x" * 100_000
FACTS = RunFacts(suite="short", scenarios=("cruise",), first_seed=1, seeds=1, drivers={})


def run_folder(folder: Path, **changes: object) -> Path:
    """A run of one row, with some of its fields changed."""
    fields = json.loads(row("expert", "cruise", 1).to_json()) | changes
    (folder / ROWS).write_text(json.dumps(fields) + "\n", encoding="utf-8")
    write_facts(folder, FACTS)
    return folder


# --- messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("quoted", [LINES, LONG, "\ud800", "\u202e"])
def test_a_message_is_one_printable_line_whatever_it_quotes(quoted: str) -> None:
    message = str(ConfigError(f"runs/a: it says {quoted}"))
    check_line(message)
    assert message.startswith("runs/a: it says ")
    assert str(ConfigError(message)) == message


class _Named(StrictModel):
    names: dict[str, int]


def test_a_problem_names_its_key_in_short() -> None:
    for key in (LINES, LONG):
        with pytest.raises(ValidationError) as caught:
            _Named.model_validate({"names": {key: "many"}})
        problem = first_problem(caught.value)
        check_line(problem)
        assert problem.startswith("names.") and "should be a valid integer" in problem and len(problem) < 200


# --- run.json ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": LINES}, r"schema version a\\nb"),
        ({"schema_version": [[]] * 5000}, r"schema version \[\[\].*but this program reads 2"),
        ({LINES: 1}, r"a\\nb.*Extra inputs"),
        ({LONG: 1}, "x…: Extra inputs"),
        ({"suite": "\ud800"}, "surrogates not allowed"),
        ({"drivers": {"\ud800": {"agent": "expert"}}}, "surrogates not allowed"),
        ({"first_seed": -1}, "first_seed: .*greater than or equal to 0"),
        ({"first_seed": MAX_SEED + 1}, "first_seed: .*less than or equal to"),
        ({"seeds": 0}, "seeds: .*greater than or equal to 1"),
        ({"seeds": 10**12}, "seeds: .*less than or equal to 100000"),
        ({"first_seed": MAX_SEED, "seeds": 2}, "expected seeds from 0 to"),
        ({"scenarios": ["cruise"] * 3, "seeds": MAX_EPISODES // 2}, "at most 100,000 episodes"),
    ],
)
def test_invalid_facts_are_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    path = run_folder(tmp_path) / RUN_FACTS
    path.write_text(json.dumps(FACTS.model_dump() | changes), encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        read_facts(tmp_path)
    check_line(str(caught.value))
    assert str(path) in str(caught.value)


def test_facts_at_the_ends_of_their_ranges_are_read(tmp_path: Path) -> None:
    for first, seeds in ((0, MAX_EPISODES), (MAX_SEED, 1)):
        facts = FACTS.model_copy(update={"first_seed": first, "seeds": seeds})
        write_facts(tmp_path, facts)
        assert read_facts(tmp_path) == facts


# --- rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"versions": {LINES: 1}}, r":1: versions.a\\nb.*valid string"),
        ({"versions": {LONG: 1}}, r":1: versions.x+…: .*valid string"),
        ({"stages_ms": {LINES: 1e300}}, r":1: stages_ms.a\\nb.* is not within"),
        ({"seed": "many"}, ":1: seed: "),
    ],
)
def test_rows_are_refused_in_a_short_line(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read_rows(run_folder(tmp_path, **changes))
    check_line(str(caught.value))


@pytest.mark.parametrize("version", [LINES, LONG])
def test_untrusted_versions_are_quoted_in_one_line(tmp_path: Path, version: str) -> None:
    (tmp_path / "other").mkdir()
    runs = [
        run_folder(tmp_path, versions={"numpy": version}),
        run_folder(tmp_path / "other", versions={"numpy": "2"}),
    ]
    notes = [*read_runs(runs).notes, *load_replay(tmp_path, "1", make_wiring().batch).notes]
    for note in notes:
        check_line(note)
    assert [
        note for note in notes if note.startswith("The episodes were driven with different versions: numpy")
    ]
    assert [note for note in notes if note.startswith("numpy was ")]


def test_measurements_that_cannot_be_read_are_noted_with_their_place(tmp_path: Path) -> None:
    (run_folder(tmp_path) / "offline-policy.json").write_text(
        '{"label": 1, "episodes": []}', encoding="utf-8"
    )
    table, notes = read_offline(read_runs([tmp_path]))
    assert table is None and len(notes) == 1
    assert "offline-policy.json: label: Input should be a valid string; left out." in notes[0]


# --- recordings ----------------------------------------------------------------------------------


def write_recording(folder: Path, data: dict[str, list[object]], schema: pa.Schema = SCHEMA) -> Path:
    entry = write_shard(folder / "cruise-000001.parquet", data, schema)
    write_listed(folder, entry.model_copy(update={"scenario": "cruise", "seed": 1}))
    return folder


def assert_refused(folder: Path, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Recording([folder])
    check_line(str(caught.value))
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": LINES}, r"schema version a\\nb"),
        ({"version": LONG}, "schema version x+…, but"),
        ({LINES: 1}, r"a\\nb.*Extra inputs"),
        ({"made_with": "\ud800"}, "surrogates not allowed"),
    ],
)
def test_manifests_are_refused_in_a_short_line(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    path = write_recording(tmp_path, columns("cruise", 1)) / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")
    assert_refused(tmp_path, message)


def test_the_settings_of_a_recording_are_quoted_in_short(tmp_path: Path) -> None:
    write_recording(tmp_path, columns("cruise", 1))
    path = tmp_path / MANIFEST
    manifest = read_manifest(DRIVES, tmp_path).model_copy(update={"made_with": LINES + LONG})
    path.write_text(manifest.model_dump_json())
    with pytest.raises(ConfigError, match=r"other settings \(a\\nb.*…\); use another folder") as caught:
        RecordingFolder(tmp_path, CollectSettings(), {})
    check_line(str(caught.value))


@pytest.mark.parametrize("name", [LINES, LONG, "\x1f"])
def test_an_unknown_column_is_named_in_short(tmp_path: Path, name: str) -> None:
    schema = SCHEMA.append(pa.field(name, pa.int8()))
    assert_refused(
        write_recording(tmp_path, columns("cruise", 1) | {name: [1] * 3}, schema),
        "not the columns of a recording: ",
    )


@pytest.mark.parametrize("word", [LINES, LONG])
def test_texts_of_a_shard_are_quoted_in_short(tmp_path: Path, word: str) -> None:
    data = columns("cruise", 1)
    assert_refused(
        write_recording(tmp_path, data | {"scenario": [word] * 3}),
        "is of scenario '.* and must be of 'cruise' alone",
    )
    others: list[object] = [[ACTOR | {"label": word}], [], []]
    assert_refused(write_recording(tmp_path, data | {"other_actors": others}), "label: '.* is none of animal")


@pytest.mark.parametrize("name", ["scenario", "weather", "light", "driver"])
def test_text_of_a_shard_that_is_no_utf_8_is_refused(tmp_path: Path, name: str) -> None:
    path = write_recording(tmp_path, columns("cruise", 1)) / "cruise-000001.parquet"
    table = pq.read_table(path)
    invalid = pa.array([b"\xff\xfe"] * 3, pa.binary()).view(pa.string())
    pq.write_table(table.set_column(SCHEMA.get_field_index(name), name, invalid), path)
    entry = read_manifest(DRIVES, tmp_path).shards[0]
    write_listed(tmp_path, entry.model_copy(update={"sha256": sha256_of(path)}))
    assert_refused(tmp_path, "its data cannot be read .*UTF8")
