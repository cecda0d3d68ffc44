"""Studies of fakes in a folder: they record, train and drive nothing, and run in this process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drive_stack.config import load_model
from drive_stack.study.config import Courses, StudyPlan
from drive_stack.study.curves import FamilyName
from drive_stack.study.outcomes import Outcomes
from drive_stack.study.prediction import ArmPrediction, PredictionRecord
from drive_stack.study.records import DriveRow, TrainingRow
from drive_stack.study.tables import read_table
from drive_stack.study_runner import network_units, predicting, stages, training
from drive_stack.study_runner.folder import StudyFolder
from drive_stack.study_runner.selection import Selection
from drive_stack.study_runner.stages import Services, Stage, Study
from drive_stack.support.layout import CONFIGS
from simulated_study.fakes import FakeDriver, FakeNetwork, FakeRecorder, serially

OVERRIDES = (
    "sizes=[100, 200, 400, 800]",
    "arms.modular.trainings=[{sizes: [100, 200, 400, 800], seeds: 2}]",
    "arms.end_to_end.trainings=[{sizes: [100, 200, 400, 800], seeds: 1}]",
    "provenance.size=200",
    "provenance.mixtures={full: {what: all}, expert: {what: expert alone, parts: [expert]}}",
    "pool.parts.expert.rows=450",
    "pool.parts.perturbed.rows=450",
    "pool.parts.traffic_blind.rows=100",
    "frontier.sizes=[400]",
    "prediction={fitted_up_to: 400, target: 800}",
    "analysis.replicates=100",
)
NETWORKS = ("detector", "lanes", "policy")


def replace_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train in this process, and drive nothing to time a decision."""
    monkeypatch.setattr(training, "run_in_processes", serially)
    monkeypatch.setattr(training, "train_in_worker", network_units.train_network)
    monkeypatch.setattr(training, "measure_decision_ms", lambda *_: 12.5)


def replace_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the fits, which take most of the time; a prediction holds what it was made from."""

    def predict(arms: Mapping[str, Outcomes], counts: Mapping[str, int], *_: object) -> PredictionRecord:
        content = f"{counts} {[(name, own.failed.tolist()) for name, own in arms.items()]}"
        digest = hashlib.sha256(content.encode()).hexdigest()
        arm = ArmPrediction(
            arm="modular",
            trainings=2,
            courses=4,
            success=0.5,
            low=0.4,
            high=0.6,
            by_family={},
            preferred=FamilyName.POWER,
            fitted=(),
            drives_sha256=digest,
        )
        return PredictionRecord(
            fitted_up_to=400, target=800, family=FamilyName.POWER, replicates=1, seed=0, arms=(arm,)
        )

    monkeypatch.setattr(predicting, "predict", predict)
    monkeypatch.setattr(stages, "write_report", lambda *_: ())


class Fakes:
    """A study of fakes in a folder; ``run`` may be called again and again."""

    def __init__(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, *overrides: str, kept: Path | None = None
    ) -> None:
        self.plan = load_model(CONFIGS / "study_quick.yaml", StudyPlan, [*OVERRIDES, *overrides])
        self.folder = StudyFolder(root, kept)
        self.hours: float | None = None
        self.accept_differences = False
        self.collect, self.drive = FakeRecorder(), FakeDriver()
        self.networks = {name: FakeNetwork(name) for name in NETWORKS}
        self.lines: list[str] = []
        monkeypatch.setattr(stages, "read_networks", self._read_networks)

    def _read_networks(self, *_: object) -> Mapping[str, FakeNetwork]:
        return self.networks

    def run(self, stage: Stage | None = None, *only: str) -> None:
        services = Services(self.collect, self.drive, _build, _build, "cruise", count_courses, scenarios=3)
        selections = [Selection.read(text) for text in only]
        study = Study(
            self.plan,
            self.folder,
            services,
            selections,
            hours=self.hours,
            report=self.lines.append,
            accept_differences=self.accept_differences,
        )
        study.run(stage)

    @property
    def trainings(self) -> list[TrainingRow]:
        return read_table(self.folder.table("trainings"), TrainingRow)

    @property
    def drives(self) -> list[DriveRow]:
        return read_table(self.folder.table("drives"), DriveRow)

    def content(self) -> tuple[object, ...]:
        """The rows that a study results in, apart from measured times."""
        trainings = [replace(row, core_hours=0.0) for row in self.trainings]
        return trainings, self.drives, self.folder.prediction.read_text(encoding="utf-8")


def count_courses(courses: Courses) -> int:
    return 2 * courses.seeds


def _build(*_: object, **__: object) -> Any:
    raise AssertionError("nothing is built")
