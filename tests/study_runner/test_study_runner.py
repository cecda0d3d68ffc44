"""The stages of the study: what they do, that they go on where they were broken off, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

pytest.importorskip("torch")

from simulated_study.fakes import Fuse, KilledError
from simulated_study.studies import Fakes, replace_analysis, replace_processes

from drive_stack.errors import ConfigError
from drive_stack.learning.training.early_stopping import NonFiniteLossError
from drive_stack.seeds import SeedSplit, split_of
from drive_stack.study.records import TrainingId
from drive_stack.study_runner.pool import read_pool
from drive_stack.study_runner.selection import Selection, planned_trainings
from drive_stack.study_runner.stages import Stage


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_processes(monkeypatch)


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    return Fakes(tmp_path / "study", monkeypatch)


def test_everything_in_order(whole: Fakes) -> None:
    planned = planned_trainings(whole.plan)
    assert {row.id for row in whole.trainings} == set(planned) and len(planned) == 13
    for row in whole.trainings:
        assert row.rows >= row.size and row.decision_ms == 12.5
        is_modular = row.arm == "modular"
        assert row.controls == (0 if is_modular else row.rows)
        assert row.boxes == 2 * row.lane_frames and (row.lane_frames > 0) is is_modular
    drivers = {drive.training for drive in whole.drives}
    assert drivers == {*planned, TrainingId("expert", 0, 0), TrainingId("constant", 0, 0)}
    assert {split_of(drive.seed) for drive in whole.drives} == {SeedSplit.VALIDATION}
    assert len(whole.drives) == 4 * 15
    assert whole.drive.orders[0].experts is None and whole.drive.orders[1].experts is not None
    # the largest size is trained and driven after the prediction
    order = [line for line in whole.lines if "written" in line or "800" in line]
    assert next(index for index, line in enumerate(order) if "prediction.json" in line) < next(
        index for index, line in enumerate(order) if "networks trained" in line
    )


@pytest.mark.slow
def test_the_report_of_a_whole_study(fakes: Fakes) -> None:
    fakes.run()
    page = (fakes.folder.report / "README.md").read_text(encoding="utf-8")
    assert "This is a pilot" in page and "| modular | 800 | 2 |" in page
    assert "## Prediction for 800 rows" in page and "## Whose drives" in page
    assert page.endswith("## Deviations from the plan\n\nNone.\n")
    fakes.folder.training(TrainingId("modular", 100, 1)).unlink()
    fakes.run(Stage.TRAIN, "modular:200:0")  # writes the table without the row that was removed
    with pytest.raises(ConfigError, match="drives: modular, 100 rows, seed 1 is not in the table"):
        fakes.run(Stage.REPORT)
    fakes.run(Stage.EVALUATE)  # and the table of drives
    with pytest.raises(ConfigError, match="the drives that it was made from have changed"):
        fakes.run(Stage.REPORT)
    fakes.folder.prediction.unlink()
    fakes.run(Stage.REPORT)
    page = (fakes.folder.report / "README.md").read_text(encoding="utf-8")
    assert "- planned, but not trained: modular, 100 rows, seed 1" in page


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Fakes:
    """A study that was never broken off."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        replace_processes(monkeypatch)
        replace_analysis(monkeypatch)
        fakes = Fakes(tmp_path_factory.mktemp("whole"), monkeypatch)
        fakes.run()
    return fakes


def test_a_second_run_does_nothing_again(whole: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_analysis(monkeypatch)
    again = Fakes(whole.folder.root, monkeypatch)
    before = whole.content()
    again.run()
    assert again.content() == before
    assert not again.collect.specs and not again.drive.orders
    assert not any(network.epochs for network in again.networks.values())


BREAKS: Mapping[str, tuple[Callable[[Fakes], Fuse], int]] = {
    "while a part is recorded": (lambda fakes: fakes.collect.fuse, 7),
    "in the first epoch": (lambda fakes: fakes.networks["detector"].fuse, 1),
    "between two networks": (lambda fakes: fakes.networks["policy"].fuse, 4),
    "between two drivers": (lambda fakes: fakes.drive.fuse, 3),
    "after the prediction": (lambda fakes: fakes.networks["lanes"].fuse, 20),
}


@pytest.mark.parametrize("place", BREAKS)
def test_a_study_that_is_killed_comes_to_the_same(
    whole: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    replace_analysis(monkeypatch)
    killed = Fakes(tmp_path, monkeypatch)
    fuse_of, uses = BREAKS[place]
    fuse = fuse_of(killed)
    fuse.uses = uses
    with pytest.raises(KilledError):
        killed.run()
    assert fuse.count == uses
    assert killed.folder.prediction.exists() is (place == "after the prediction")
    killed.run()
    assert killed.content() == whole.content()
    for name, network in whole.networks.items():  # each epoch once
        assert sorted(killed.networks[name].epochs) == sorted(network.epochs)
    assert len(killed.drive.orders) == len(whole.drive.orders)


def test_the_pool_is_recorded_from_training_seeds_and_nothing_held_out(fakes: Fakes) -> None:
    fakes.run(Stage.RECORD)
    pool = read_pool(fakes.folder.pool, fakes.plan)
    assert {split_of(episode.seed) for episode in pool.episodes} == {SeedSplit.TRAINING}
    assert {split_of(episode.seed) for episode in pool.held_out} == {SeedSplit.VALIDATION}
    for name, part in fakes.plan.pool.parts.items():
        rows = [episode.rows for episode in pool.episodes if episode.part == name]
        assert sum(rows) >= part.rows
    blind = next(spec for spec in fakes.collect.specs if spec.out.name == "traffic_blind")
    assert blind.driver == "modular" and blind.expert_fraction == 0.6
    assert all(spec.every == 2 for spec in fakes.collect.specs)


def test_a_student_learns_from_the_parts_before_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = "{rows: 50, first_seed: 60000, scenarios: [cruise], student: {network: policy, size: 300}}"
    fakes = Fakes(tmp_path, monkeypatch, f"pool.parts.student={part}")
    fakes.run(Stage.RECORD)
    spec = next(spec for spec in fakes.collect.specs if spec.out.name == "student")
    weights = fakes.folder.student_weights("student") / "policy.trunk.onnx"
    assert spec.driver == "end_to_end" and spec.driver_overrides == (f"weights={weights}",)
    learned = weights.read_text().splitlines()
    earlier = {
        item.file for item in read_pool(fakes.folder.pool, fakes.plan).episodes if item.part != "student"
    }
    assert set(learned[2:]) - {"|"} <= earlier


def test_a_mixture_of_its_own_has_networks_of_its_own(fakes: Fakes) -> None:
    fakes.run(Stage.RECORD)
    fakes.run(Stage.TRAIN, "end_to_end:200:0")
    folders = {folder for folder, _ in fakes.networks["policy"].epochs}
    assert "expert-000200-0" in folders and "full-000200-0" in folders
    expert = next(row for row in fakes.trainings if row.mixture == "expert")
    network = fakes.folder.network("policy", expert.id) / "policy.trunk.onnx"
    parts = {item.file: item.part for item in read_pool(fakes.folder.pool, fakes.plan).episodes}
    assert {parts[file] for file in network.read_text().splitlines()[2:] if file != "|"} == {"expert"}


def test_only_what_is_asked_for(fakes: Fakes) -> None:
    fakes.run(Stage.RECORD)
    fakes.run(Stage.TRAIN, "modular:200:1", "modular:400:*", "end_to_end:200:0")
    expected = [TrainingId("modular", 200, 1), TrainingId("modular", 400, 0), TrainingId("modular", 400, 1)]
    expected += [TrainingId("end_to_end", 200, 0), TrainingId("end_to_end", 200, 0, "expert")]
    assert {row.id for row in fakes.trainings} == set(expected)


def test_the_largest_size_waits_for_its_prediction(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.run(Stage.RECORD)
    with pytest.raises(ConfigError, match=r"^800 rows: not trained before .* run: study predict$"):
        fakes.run(Stage.TRAIN, "modular:800:0")
    with pytest.raises(ConfigError, match="10 trainings up to 400 rows are not trained and driven yet"):
        fakes.run(Stage.PREDICT)
    for size in (100, 200, 400):
        fakes.run(Stage.TRAIN, f"*:{size}:*")
        fakes.run(Stage.EVALUATE, f"*:{size}:*")
    replace_analysis(monkeypatch)
    fakes.run(Stage.PREDICT)
    fakes.run(Stage.TRAIN, "modular:800:0")
    fakes.folder.prediction.unlink()
    with pytest.raises(ConfigError, match="is trained already, so that it can no longer be predicted"):
        fakes.run(Stage.PREDICT)


def test_a_training_that_diverges_fails_without_errors(fakes: Fakes) -> None:
    def diverge(_: int) -> float:
        raise NonFiniteLossError("the training loss is nan; the training ends")

    fakes.networks["policy"].errors = diverge
    fakes.run(Stage.RECORD)
    fakes.run(Stage.TRAIN, "end_to_end:100:0")
    assert [row.failed for row in fakes.trainings] == [True]
    log = fakes.folder.network("policy", TrainingId("", 100, 0)) / "log.txt"
    assert "failed: the training loss is nan" in log.read_text()


def test_a_training_that_fails_is_not_repeated_and_fails_on_every_course(fakes: Fakes) -> None:
    fakes.networks["policy"].errors = lambda _: float("nan")
    fakes.run(Stage.RECORD)
    for stage in (Stage.TRAIN, Stage.EVALUATE):
        fakes.run(stage, "end_to_end:100:0", "modular:100:0")
    failed, other = fakes.trainings
    assert (failed.arm, failed.failed, failed.decision_ms) == ("end_to_end", True, 0.0) and not other.failed
    assert fakes.networks["policy"].attempts == 1
    drives = {arm: [row for row in fakes.drives if row.arm == arm] for arm in ("end_to_end", "modular")}
    assert [row.course for row in drives["end_to_end"]] == [row.course for row in drives["modular"]]
    assert not any(row.success or row.progress for row in drives["end_to_end"])
    assert any(row.success for row in drives["modular"])
    assert "end_to_end-000100-0" not in {order.label for order in fakes.drive.orders}


@pytest.mark.parametrize(
    ("stage", "only", "message"),
    [
        (Stage.TRAIN, (), r"pool\.json: the pool is not recorded yet; run: study record"),
        (Stage.REPORT, (), r"trainings\.parquet: no such file"),
        (Stage.RECORD, ("modular:7:0",), "modular:7:0: the plan has no such training; its sizes: 100, 200"),
        (Stage.RECORD, ("modular:100:2",), "its seeds: 0 to 1"),
        (Stage.RECORD, ("nobody:*:*",), "its arms: modular, end_to_end"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    fakes: Fakes, stage: Stage, only: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        fakes.run(stage, *only)
    assert "\n" not in str(raised.value)


def test_a_network_without_a_rule_is_named(fakes: Fakes) -> None:
    fakes.run(Stage.RECORD)
    del fakes.networks["lanes"]
    with pytest.raises(ConfigError, match="the plan has no rule for 'lanes', which modular needs"):
        fakes.run(Stage.TRAIN, "modular:100:0")


@pytest.mark.parametrize("text", ["", "modular", "modular:1000", "modular:x:0", "modular:1:2:3", "a:-1:0"])
def test_selections_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--only .*: expected ARM:SIZE:SEED"):
        Selection.read(text)


def test_a_folder_keeps_the_plan_of_its_recordings(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.run(Stage.RECORD)
    other = Fakes(tmp_path / "study", monkeypatch, "pool.parts.expert.rows=500")
    with pytest.raises(ConfigError, match=r"pool\.parts\.expert\.rows was 450 when the run began"):
        other.run(Stage.RECORD)
    dearer = Fakes(tmp_path / "study", monkeypatch, "prices.box.seconds=9")
    dearer.run(Stage.RECORD)  # prices may change


def test_a_network_of_other_settings_is_refused(fakes: Fakes) -> None:
    fakes.run(Stage.RECORD)
    fakes.run(Stage.TRAIN, "end_to_end:100:0")
    fakes.networks["policy"].name = "policy_of_another_kind"
    with pytest.raises(ConfigError, match=r"end_to_end-000100-0\.json: was trained with other settings"):
        fakes.run(Stage.TRAIN, "end_to_end:100:0")


def test_a_training_does_not_go_on_with_other_settings(fakes: Fakes) -> None:
    fakes.run(Stage.RECORD)
    policy = fakes.networks["policy"]
    policy.fuse.uses = 2
    with pytest.raises(KilledError):
        fakes.run(Stage.TRAIN, "end_to_end:100:0")
    policy.name = "policy_of_another_kind"
    with pytest.raises(ConfigError, match=r"full-000100-0: was trained with other settings or from other"):
        fakes.run(Stage.TRAIN, "end_to_end:100:0")
    policy.name = "policy"
    fakes.run(Stage.TRAIN, "end_to_end:100:0")
    assert [epoch for _, epoch in policy.epochs] == [0, 1, 2]


def test_a_final_plan_drives_test_seeds_and_the_frontier_with_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_analysis(monkeypatch)
    fakes = Fakes(tmp_path, monkeypatch, "phase=final")
    fakes.run()
    assert {split_of(drive.seed) for drive in fakes.drives} == {SeedSplit.TEST}
    frontier = {drive.training for drive in fakes.drives if drive.suite == "frontier"}
    assert {(item.arm, item.size) for item in frontier} == {("modular", 400), ("expert", 0), ("constant", 0)}
