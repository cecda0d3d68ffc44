"""The command `train`: where the weights go."""

from __future__ import annotations

from pathlib import Path

import pytest

import run_sim
from drive_stack.support import layout


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders of weights that the training of the lane network was called with."""
    pytest.importorskip("torch")
    from drive_stack.learning.lanes import job  # noqa: PLC0415 - torch is slow to import

    folders = list[Path]()

    def train_lanes(*_: object, out: Path, **__: object) -> Path:
        folders.append(out)
        return out / "lanes.onnx"

    monkeypatch.setattr(job, "train_lanes", train_lanes)
    return folders


def train(work: Path, *options: str) -> int:
    return run_sim.main(["train", "lanes", "--work", str(work), *options])


def test_weights_go_to_the_package_of_a_checkout(tmp_path: Path, outputs: list[Path]) -> None:
    assert train(tmp_path) == 0
    assert outputs == [layout.PACKAGE / "models"]


def test_weights_do_not_go_into_an_installed_package(
    tmp_path: Path, outputs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "IS_INSTALLED", True)
    monkeypatch.chdir(tmp_path)
    assert train(tmp_path / "work") == 0
    assert outputs == [tmp_path / "runs" / "models"]
    assert outputs[0].is_dir()


def test_weights_go_where_one_says(tmp_path: Path, outputs: list[Path]) -> None:
    assert train(tmp_path, "--out", str(tmp_path / "own")) == 0
    assert outputs == [tmp_path / "own"]


def test_each_configuration_of_the_policy_has_its_own_work_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from drive_stack.learning.imitation import job  # noqa: PLC0415 - torch is slow to import

    calls = list[tuple[Path, Path, Path]]()
    commands = list[str]()

    def train_policy(
        config: Path, *_: object, recordings: Path, work: Path, out: Path, command: str, **__: object
    ) -> Path:
        calls.append((config, recordings, work))
        commands.append(command)
        return out / "policy.trunk.onnx"

    monkeypatch.setattr(job, "train_policy", train_policy)
    plain = layout.CONFIGS / "training" / "policy_plain.yaml"
    for options in ([], ["--config", str(plain)]):
        arguments = ["train", "policy", "--work", str(tmp_path), "--out", str(tmp_path / "out"), *options]
        assert run_sim.main(arguments) == 0
    assert [config.name for config, _, _ in calls] == ["policy.yaml", "policy_plain.yaml"]
    assert [work for _, _, work in calls] == [tmp_path / "policy", tmp_path / "policy_plain"]
    assert {recordings for _, recordings, _ in calls} == {tmp_path / "recordings"}
    assert (
        run_sim.main(["train", "policy", "--work", str(tmp_path), "--recordings", str(tmp_path / "pool")])
        == 0
    )
    assert calls[-1][1:] == (tmp_path / "pool", tmp_path / "policy")
    assert commands == [  # as the cards name them, with no folder of this machine
        "python run_sim.py train policy",
        "python run_sim.py train policy --config configs/training/policy_plain.yaml",
        "python run_sim.py train policy --recordings runs/data_scaling/pool",
    ]
