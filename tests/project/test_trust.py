"""Only the command line grants trust: a file that names a driver never causes its code to run."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

import run_sim
from agents.registry import agent_names, build_agent
from drive_stack.agent_spec import is_file, runs_code
from drive_stack.camera_model import CameraModel
from drive_stack.config import load_model
from drive_stack.datasets.drives.recording_task import CollectSettings
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.manifest import Manifest, write_manifest
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import NAME as ROWS
from drive_stack.evaluation.batch.rows import Row, error_result
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.run_facts import NAME as FACTS
from drive_stack.evaluation.run_facts import Driver, RunFacts, read_facts
from drive_stack.interfaces import Platform
from drive_stack.learning.detector.network import NetworkDescription, build_network
from drive_stack.learning.imitation.config import PolicyTraining
from drive_stack.seeds import MAX_SEED
from drive_stack.vehicle import VehicleParameters

PLATFORM = Platform(VehicleParameters(), CameraModel())
CONFIGS = Path(__file__).resolve().parents[2] / "configs"
SCENARIO = "cruise[route_length=60]"
IMPORTED = "the foreign module is imported"  # printed by it, since an isolated process cannot write files


def run_of(folder: Path, driver: Driver | None, *, label: str = "foreign", seed: int = 100_000) -> Path:
    """A run folder from an untrusted source; without a ``driver`` it has no ``run.json``."""
    folder.mkdir()
    task = BatchTask(SCENARIO, seed, label, label=label, config_hash="0" * 16)
    row = Row(label, "0" * 16, "0" * 16, {}, lost=False, wall_s=1.0, result=error_result(task, "none"))
    (folder / ROWS).write_text(row.to_json() + "\n", encoding="utf-8")
    if driver is not None:
        facts = RunFacts(suite="x", scenarios=(SCENARIO,), first_seed=seed, seeds=1, drivers={label: driver})
        (folder / FACTS).write_text(facts.model_dump_json(), encoding="utf-8")
    return folder


def replay(run: Path, *args: str) -> int:
    return run_sim.main(["replay", str(run), "--episode", "1", "--headless", *args])


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that exists once ``foreign`` has been imported in this process."""
    path = tmp_path / "imported"
    source = f"""
import contextlib
from pathlib import Path
from agents.baselines import ConstantAgent
print({IMPORTED!r}, flush=True)
with contextlib.suppress(OSError):
    Path({str(path)!r}).touch()
class Agent(ConstantAgent):
    pass
"""
    (tmp_path / "foreign.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return path


SPECS = [
    "evil.zip",
    "evil.pt",
    "evil.pts",
    "evil.torchscript",
    "evil.pkl",
    "foreign:Agent",
    "a:b.onnx",
]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("overrides", [(), ("trust=true",), ("in_process=true", "trust=true")])
def test_a_run_that_names_code_is_not_replayed_without_trust(
    spec: str,
    overrides: tuple[str, ...],
    tmp_path: Path,
    mark: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.zip").write_bytes(b"never read")
    run = run_of(tmp_path / "run", Driver(agent=spec, overrides=overrides))
    assert replay(run) == 2
    message = capsys.readouterr().err
    assert f"its driver foreign is {spec}" in message and "add --trust" in message
    assert IMPORTED not in message and not mark.exists()


def test_a_label_in_a_row_needs_trust_too(
    tmp_path: Path, mark: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(tmp_path / "run", None, label="foreign:Agent")
    assert replay(run) == 2
    message = capsys.readouterr().err
    assert "foreign:Agent, which can run code" in message
    assert IMPORTED not in message and not mark.exists()


def test_with_trust_a_replay_says_what_it_loads(
    tmp_path: Path, mark: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(tmp_path / "run", Driver(agent="foreign:Agent"))
    assert replay(run, "--trust") == 0
    message = capsys.readouterr().err
    assert "loads the driver foreign:Agent, as the run says" in message and IMPORTED in message


def test_only_the_command_line_lets_code_into_the_simulator(
    tmp_path: Path, mark: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(tmp_path / "run", Driver(agent="foreign:Agent", overrides=("in_process=true",)))
    assert replay(run, "--trust", "--in-process") == 0
    assert mark.exists()
    assert "only the command line can set it" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("student", "overrides"),
    [("foreign:Agent", ()), ("evil.zip", ("trust=true",)), ("mine.onnx", ("in_process=true",))],
)
def test_recordings_that_name_code_are_not_repaired_without_trust(
    student: str,
    overrides: tuple[str, ...],
    tmp_path: Path,
    mark: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = CollectSettings(student=student, student_overrides=overrides, student_hash="0" * 16)
    write_manifest(
        tmp_path, Manifest(version=DRIVES.version, made_with=settings.model_dump_json(), shards=())
    )
    assert run_sim.main(["collect", "--repair", "--out", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert f"its driver {student} can run code" in message and "add --trust" in message
    assert IMPORTED not in message and not mark.exists()


def test_with_trust_a_repair_says_what_it_loads(
    tmp_path: Path, mark: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = CollectSettings(student="foreign:Agent", student_hash="0" * 16)
    write_manifest(
        tmp_path, Manifest(version=DRIVES.version, made_with=settings.model_dump_json(), shards=())
    )
    assert run_sim.main(["collect", "--repair", "--trust", "--out", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert "loads the driver foreign:Agent, as the folder says" in message and IMPORTED in message
    assert "has changed since" in message


def test_what_a_run_says_of_trust_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(tmp_path / "run", Driver(agent="constant", overrides=("trust=true", " in_process =true")))
    assert replay(run) == 0  # the constant agent has no settings: overrides that were kept would be refused
    assert capsys.readouterr().err.count("only the command line can set it") == 2


def test_shipped_drivers_need_no_trust() -> None:
    assert not any(runs_code(name) or is_file(name) for name in agent_names())
    assert not any(map(runs_code, ["mine.yaml", "mine.yml", "mine.onnx", "folder/mine.onnx"]))
    assert is_file("mine.onnx") and not is_file("package.module:Class")


@pytest.mark.parametrize("override", ["trust=true", "trusted=true"])
def test_no_setting_grants_trust(override: str, tmp_path: Path) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data", "{}")
    with pytest.raises(ConfigError):
        build_agent(str(path), PLATFORM, overrides=(override,))
    with pytest.raises(ConfigError, match="add --trust"):
        build_agent(str(path), PLATFORM)
    with pytest.raises(ConfigError, match="of no algorithm"):  # it is read
        build_agent(str(path), PLATFORM, trusted=True)


def test_trust_is_written_nowhere(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Extra inputs"):
        Driver.model_validate({"agent": "evil.zip", "trusted": True})
    assert set(Driver.model_fields) == {"agent", "overrides"}


@pytest.mark.parametrize("driver", ["foreign:Agent", "evil.zip", "evil.pt"])
def test_a_training_configuration_names_no_code(driver: str, tmp_path: Path, mark: Path) -> None:
    path = CONFIGS / "training" / "policy.yaml"
    assert load_model(path, PolicyTraining)
    with pytest.raises(ConfigError, match="nothing that runs code"):
        load_model(path, PolicyTraining, (f"rounds.1.driver={driver}", "rounds.1.dagger=false"))
    assert not mark.exists()


# --- ultralytics evaluates parts of a network's description as Python ------------------------------

LAYERS = "backbone: [[-1, 1, Conv, [16, 3, 2]]]\nhead: [[[0], 1, Detect, [nc]]]\n"


@pytest.mark.parametrize(
    "text",
    [
        "nc: 4\nactivation: __import__('pathlib').Path('harm').touch()\n" + LAYERS,
        "nc: 4\n" + LAYERS.replace("Conv", "torch_safe_load"),
        "nc: 4\n" + LAYERS.replace("Conv", "nn.Module"),
        "nc: 4\n" + LAYERS.replace("[16, 3, 2]", "['m.__class__', 3, 2]"),
        "nc: 4\nscales: {n: [1, 1, 1]}\n" + LAYERS,
        "nc: 4\n" + LAYERS.replace("[[-1,", "[[7,"),
    ],
)
def test_a_network_is_described_by_known_blocks_alone(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "network.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"network\.yaml"):
        build_network(path)
    assert not (tmp_path / "harm").exists()


def test_the_shipped_description_of_the_network_is_read_unchanged() -> None:
    path = CONFIGS / "training" / "detector_network.yaml"
    plan = load_model(path, NetworkDescription).model_dump(mode="json", exclude_unset=True)
    assert plan["head"][0] == [-1, 1, "nn.Upsample", ["None", 2, "nearest"]]
    assert plan["backbone"][3] == [-1, 1, "C3k2", [64, False]] and plan["backbone"][3][3][1] is False


# --- other ways for a run folder to be hostile -----------------------------------------------------


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 2**64])
def test_a_row_with_no_possible_seed(seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(tmp_path / "run", Driver(agent="constant"))
    text = (run / ROWS).read_text(encoding="utf-8").replace("100000", str(seed))
    (run / ROWS).write_text(text, encoding="utf-8")
    assert replay(run) == 2
    assert f"seed: {seed} is not within 0 to 4,294,967,295" in capsys.readouterr().err


@pytest.mark.parametrize("name", [ROWS, FACTS])
def test_a_run_of_pipes_and_deep_nests(name: str, tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", Driver(agent="constant"))
    (run / name).write_text("[" * 200_000 + "\n", encoding="utf-8")
    assert replay(run) == 2
    (run / name).unlink()
    os.mkfifo(run / name)
    assert replay(run) == 2


def test_a_run_of_another_shape_is_refused(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", Driver(agent="constant"))
    facts = json.loads((run / FACTS).read_text(encoding="utf-8"))
    facts["drivers"]["foreign"]["trusted"] = True
    (run / FACTS).write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(ConfigError, match="trusted"):
        read_facts(run)
