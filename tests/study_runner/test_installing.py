"""Networks of the study that are installed as weights of an agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from simulated_study.fakes import FakeNetwork
from simulated_study.studies import Fakes, replace_processes
from toy_recording import tiny_training

from drive_stack.errors import ConfigError
from drive_stack.learning.imitation.card_fields import PolicyCard
from drive_stack.learning.imitation.network import PolicyNet, export
from drive_stack.policy.image_network import head_path
from drive_stack.policy.runner import TRUNK, PolicyRunner
from drive_stack.runtime.weights import read_card, write_card
from drive_stack.study.records import TrainingId
from drive_stack.study.subsets import draw_subset
from drive_stack.study_runner import installing
from drive_stack.study_runner.installing import COMMAND, INSTALLED
from drive_stack.study_runner.networks.protocol import NetworkData, OfflineErrors, Report
from drive_stack.study_runner.pool import read_pool
from drive_stack.study_runner.stages import Stage
from drive_stack.vehicle import VehicleParameters

ONLY = "end_to_end:200:0"
ERRORS = OfflineErrors(acceleration_error=0.7, lateral_error=0.2)


class UntrainedPolicy(FakeNetwork):
    """Leaves the files of a policy with random weights."""

    @property
    def files(self) -> tuple[str, ...]:
        return TRUNK.name, head_path(TRUNK).name

    def fit(
        self, data: NetworkData, seed: int, folder: Path, inputs: Mapping[str, Path], report: Report
    ) -> OfflineErrors:
        network, trunk = PolicyNet(tiny_training(folder).network), folder / TRUNK.name
        export(network, trunk)
        for path in (trunk, head_path(trunk)):
            write_card(path, "another command", {"layout": network.layout.model_dump(), "epochs": 3})
        return ERRORS


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    replace_processes(monkeypatch)
    shipped = {name: replace(own, trunk=tmp_path / name / TRUNK.name) for name, own in INSTALLED.items()}
    monkeypatch.setattr(installing, "INSTALLED", shipped)
    fakes = Fakes(tmp_path / "study", monkeypatch)
    fakes.networks["policy"] = UntrainedPolicy("policy")
    fakes.run(Stage.RECORD)
    return fakes


def test_an_installed_policy_drives_and_its_cards_say_where_it_is_from(fakes: Fakes, tmp_path: Path) -> None:
    fakes.run(Stage.TRAIN, ONLY)
    fakes.run(Stage.INSTALL, ONLY)
    trunk = tmp_path / "end_to_end" / TRUNK.name
    PolicyRunner(trunk, VehicleParameters(), 0.1)
    network = PolicyNet(tiny_training(tmp_path).network)
    driving = sum(value.numel() for part in (network.trunk, network.head) for value in part.parameters())
    subset = draw_subset(read_pool(fakes.folder.pool, fakes.plan).episodes, 200, 0)
    for path in (trunk, head_path(trunk)):
        card = read_card(path, "", PolicyCard)
        assert card["command"] == f"{COMMAND} --only {ONLY}"
        assert card["validation"] == {"sideways": 0.2, "forward": 0.7}
        assert card["rounds"] == {str(TrainingId("end_to_end", 200, 0)): 3}
        assert card["weights"] == driving
        assert card["threads"] == 1 and card["labels"]["controls"] > 0
        assert sum(part["rows"] for part in card["recordings"].values()) == subset.rows
        assert sum(part["episodes"] for part in card["recordings"].values()) == len(subset.episodes)
    text = trunk.with_name("policy.card.md").read_text(encoding="utf-8")
    assert f"`{COMMAND} --only {ONLY}`" in text and "0.200 m/s² lateral and 0.700 m/s² longitudinal" in text


@pytest.mark.parametrize(
    ("only", "problem"),
    [
        ((), "name the training with --only"),
        (
            ("modular:200:0",),
            "modular: cannot be installed; these can: affordances, end_to_end, end_to_end_plain",
        ),
        (("end_to_end:100:0", ONLY), "only one of its 2 trainings can be installed"),
        (("end_to_end:400:0",), r"policy, 400 rows, seed 0: is not trained; .* run: study train"),
    ],
)
def test_nothing_is_installed_if_one_cannot_be(
    fakes: Fakes, tmp_path: Path, only: tuple[str, ...], problem: str
) -> None:
    fakes.run(Stage.TRAIN, "end_to_end:100:0", ONLY)
    with pytest.raises(ConfigError, match=problem):
        fakes.run(Stage.INSTALL, *only)
    assert not any((tmp_path / name).exists() for name in INSTALLED)


def test_an_altered_file_is_not_installed(fakes: Fakes) -> None:
    fakes.run(Stage.TRAIN, ONLY)
    weights = fakes.folder.network("policy", TrainingId("end_to_end", 200, 0)) / TRUNK.name
    weights.write_bytes(weights.read_bytes() + b" ")
    with pytest.raises(ConfigError, match="is not the file that was trained"):
        fakes.run(Stage.INSTALL, ONLY)
