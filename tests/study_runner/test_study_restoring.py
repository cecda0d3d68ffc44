"""A study whose folder of work was lost, or parts of it: what is kept is enough to go on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch")

from simulated_study.fakes import KilledError
from simulated_study.studies import Fakes, replace_analysis, replace_processes

from drive_stack.errors import ConfigError
from drive_stack.seeds import SeedSplit, split_of
from drive_stack.study.records import DriveRow, TrainingId
from drive_stack.study.subsets import PoolEpisode, draw_subset
from drive_stack.study.tables import read_table
from drive_stack.study_runner.folder import HELD_OUT, StudyFolder
from drive_stack.study_runner.kept_tables import StudyTables
from drive_stack.study_runner.pool import read_pool
from drive_stack.study_runner.recording_code import recording_hash
from drive_stack.study_runner.stages import Stage
from drive_stack.study_runner.student_weights import check_origin, keep_weights, origin_of_student


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_processes(monkeypatch)
    replace_analysis(monkeypatch)


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    return Fakes(tmp_path / "study", monkeypatch)


def test_a_training_records_again_only_what_it_learns_from(fakes: Fakes) -> None:
    fakes.run(Stage.RECORD)
    pool = read_pool(fakes.folder.pool, fakes.plan)
    before = {path.name: path.read_bytes() for path in fakes.folder.drives("expert").glob("*.parquet")}
    shutil.rmtree(fakes.folder.root / "pool")
    fakes.collect.specs.clear()
    fakes.run(Stage.TRAIN, "modular:100:0")
    subset = draw_subset(pool.episodes, 100, 0)
    wanted = {episode.file for episode in (*subset.episodes, *pool.held_out)}
    recorded = {path.name: path for path in (fakes.folder.root / "pool").glob("*/*.parquet")}
    assert recorded.keys() == wanted and len(wanted) < len(pool.every)
    assert {name for spec in fakes.collect.specs for name in spec.only or ()} == wanted
    assert all(recorded[name].read_bytes() == before[name] for name in before.keys() & wanted)
    assert {row.id for row in fakes.trainings} == {TrainingId("modular", 100, 0)}


def change_hash(fakes: Fakes, *episodes: PoolEpisode) -> None:
    """List other hashes for some episodes."""
    content = json.loads(fakes.folder.pool.read_text())
    for episode in episodes:
        content["hashes"][episode.file]["drive"] = "0" * 64
    fakes.folder.pool.write_text(json.dumps(content))


@pytest.mark.parametrize("kind", ["drive", "frames"])
def test_an_episode_that_comes_out_differently_is_named(fakes: Fakes, kind: str) -> None:
    fakes.run(Stage.RECORD)
    content = json.loads(fakes.folder.pool.read_text())
    file = content["held_out"][0]["file"]
    content["hashes"][file][kind] = "0" * 64
    fakes.folder.pool.write_text(json.dumps(content))
    shutil.rmtree(fakes.folder.drives(HELD_OUT))
    with pytest.raises(ConfigError, match=rf"{file}: not the episode that .*pool\.json lists"):
        fakes.run(Stage.TRAIN, "modular:100:0")


def test_the_row_of_a_training_counts_its_episodes_that_came_out_differently(fakes: Fakes) -> None:
    fakes.run(Stage.RECORD)
    learned = draw_subset(read_pool(fakes.folder.pool, fakes.plan).episodes, 100, 0).episodes
    change_hash(fakes, *learned[:2])
    shutil.rmtree(fakes.folder.root / "pool")
    fakes.accept_differences = True
    for stage in (Stage.TRAIN, Stage.EVALUATE):
        fakes.run(stage, "modular:100:0")
    assert sum("differ from the list" in line for line in fakes.lines) >= 1
    assert [row.differing_episodes for row in fakes.trainings] == [2]
    assert all("bfloat16" in row.machine for row in fakes.trainings)


def test_measured_episodes_that_came_out_differently_count_too(fakes: Fakes) -> None:
    fakes.run(Stage.RECORD)
    change_hash(fakes, read_pool(fakes.folder.pool, fakes.plan).held_out[0])
    fakes.accept_differences = True
    fakes.run(Stage.TRAIN, "modular:100:0")
    assert [row.differing_episodes for row in fakes.trainings] == [1]


def test_a_difference_is_refused_again_in_the_next_run(fakes: Fakes) -> None:
    """The episode is recorded again by the first run, so that nothing is missing in the second one."""
    fakes.run(Stage.RECORD)
    change_hash(fakes, read_pool(fakes.folder.pool, fakes.plan).held_out[0])
    shutil.rmtree(fakes.folder.drives(HELD_OUT))
    for _ in range(2):
        with pytest.raises(ConfigError, match="not the episode that"):
            fakes.run(Stage.TRAIN, "modular:100:0")


def test_other_code_records_again_only_if_that_is_accepted(fakes: Fakes) -> None:
    fakes.run(Stage.RECORD)
    content = json.loads(fakes.folder.pool.read_text())
    assert content["code"] == recording_hash()
    fakes.folder.pool.write_text(json.dumps(content | {"code": "0123456789ab"}))
    fakes.run(Stage.TRAIN, "end_to_end:100:0")  # nothing is recorded
    shutil.rmtree(fakes.folder.drives(HELD_OUT))
    with pytest.raises(
        ConfigError, match=r"recorded with other code \(0123456789ab, now .*restore that code"
    ):
        fakes.run(Stage.TRAIN, "modular:100:0")
    fakes.accept_differences = True
    fakes.run(Stage.TRAIN, "modular:100:0")
    assert sum("recorded with other code" in line for line in fakes.lines) == 1


def test_kept_weights_of_a_student_with_another_origin_are_refused(fakes: Fakes, tmp_path: Path) -> None:
    fakes.run(Stage.RECORD)
    subsets = [draw_subset(read_pool(fakes.folder.pool, fakes.plan).episodes, 100, seed) for seed in (0, 1)]
    origins = [origin_of_student(fakes.plan, subset, "settings") for subset in subsets]
    origins.append(origin_of_student(fakes.plan, subsets[0], "other settings"))
    assert len(set(origins)) == 3
    trained, kept = tmp_path / "policy.trunk.onnx", tmp_path / "kept" / "policy.trunk.onnx"
    trained.write_text("weights")
    keep_weights(trained, kept, origins[0])
    check_origin(kept, origins[0])
    for origin in origins[1:]:
        with pytest.raises(ConfigError, match="kept: weights of another pool, other episodes or other set"):
            check_origin(kept, origin)
    kept.with_name("origin.txt").unlink()
    with pytest.raises(ConfigError, match="kept: weights of another pool"):
        check_origin(kept, origins[0])


def test_the_weights_of_a_student_are_named_alike_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative, absolute = (StudyFolder(tmp_path / "work", kept) for kept in (Path("kept"), tmp_path / "kept"))
    assert relative.student_weights("student") == absolute.student_weights("student")


def test_the_report_lies_beside_tables_that_are_committed(tmp_path: Path) -> None:
    work, kept = tmp_path / "work", tmp_path / "kept"
    assert StudyFolder(work).report == work / "report"
    assert StudyFolder(work, kept).report == kept / "results"


def test_a_list_of_another_pool_is_refused(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.run(Stage.RECORD)
    other = Fakes(tmp_path / "other", monkeypatch, "pool.parts.expert.rows=460", kept=fakes.folder.tables)
    with pytest.raises(ConfigError, match=r"pool\.json: lists another pool than that of the plan"):
        other.run(Stage.TRAIN)


def test_what_is_kept_is_not_done_again_in_an_empty_folder(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sizes are finished, a training is not driven yet, and then the folder is lost."""
    fakes.run(Stage.RECORD)
    for stage in (Stage.TRAIN, Stage.EVALUATE):
        fakes.run(stage, "*:100:0", "*:200:0")
    fakes.run(Stage.TRAIN, "modular:100:1")
    kept = tmp_path / "kept"
    shutil.copytree(fakes.folder.tables, kept)
    shutil.rmtree(fakes.folder.root)

    again = Fakes(tmp_path / "again", monkeypatch, kept=kept)
    again.run()
    driven = [order.label for order in again.drive.orders]
    assert driven.count("expert-000000-0") == 1  # others are compared with its rows, which are not kept
    assert "modular-000100-0" not in driven and "modular-000100-1" in driven
    trained = {folder for folder, _ in again.networks["detector"].epochs}
    assert "full-000100-0" not in trained and "full-000100-1" in trained
    whole = Fakes(tmp_path / "whole", monkeypatch)
    whole.run()
    assert again.content() == whole.content()


def test_no_size_is_begun_that_does_not_fit(fakes: Fakes) -> None:
    fakes.hours = 1e-9
    fakes.run()
    assert not fakes.networks["detector"].epochs and not fakes.drive.orders
    assert "stopped before modular, 100 rows, seed 0 and the others" in fakes.lines[-1]
    fakes.hours = 1000.0
    fakes.run()
    assert len(fakes.trainings) == 13


def test_what_is_driven_is_in_the_tables_when_the_next_arm_is_killed(fakes: Fakes) -> None:
    fakes.drive.fuse.uses = 4  # after expert, constant and modular
    with pytest.raises(KilledError):
        fakes.run()
    modular = TrainingId("modular", 100, 0)
    assert modular in {row.id for row in fakes.trainings}
    assert sum(row.training == modular for row in fakes.drives) == 4


def test_the_drives_of_the_pilot_are_kept_in_the_final_phase(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.run(Stage.RECORD)
    for stage in (Stage.TRAIN, Stage.EVALUATE):
        fakes.run(stage, "*:100:0")
    pilot = fakes.drives
    final = Fakes(fakes.folder.root, monkeypatch, "phase=final")
    final.run(Stage.EVALUATE, "*:100:0")
    assert {split_of(row.seed) for row in final.drives} == {SeedSplit.TEST}
    assert read_table(fakes.folder.table("drives-pilot"), DriveRow) == pilot
    assert StudyTables(fakes.plan, fakes.folder).read_drives() == pilot


def test_the_tables_of_another_plan_are_refused(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.run(Stage.RECORD)
    other = Fakes(tmp_path / "other", monkeypatch, "name=another", kept=fakes.folder.tables)
    with pytest.raises(ConfigError, match="holds the tables of the plan 'study_quick', not of 'another'"):
        other.run(Stage.EVALUATE)
    assert not other.folder.root.exists()


def test_fewer_course_seeds_leave_older_trainings_complete(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.run(Stage.RECORD)
    for stage in (Stage.TRAIN, Stage.EVALUATE):
        fakes.run(stage, "end_to_end:100:0")
    shutil.copytree(fakes.folder.tables, tmp_path / "kept")
    for root, kept in ((fakes.folder.root, None), (tmp_path / "again", tmp_path / "kept")):
        fewer = Fakes(root, monkeypatch, "arms.end_to_end.course_seeds=1", kept=kept)
        fewer.run(Stage.EVALUATE, "end_to_end:100:0")
        assert {row.seed for row in fewer.drives if row.arm == "end_to_end"} == {100_000}


def test_an_arm_with_fewer_courses_drives_the_first_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = Fakes(tmp_path, monkeypatch, "arms.end_to_end.course_seeds=1")
    fakes.networks["policy"].errors = lambda _: float("nan")  # and a failed training those of its arm
    fakes.run(Stage.RECORD)
    for stage in (Stage.TRAIN, Stage.EVALUATE):
        fakes.run(stage, "*:100:0")
    seeds = {arm: {row.seed for row in fakes.drives if row.arm == arm} for arm in ("modular", "end_to_end")}
    assert seeds == {"modular": {100_000, 100_001}, "end_to_end": {100_000}}
