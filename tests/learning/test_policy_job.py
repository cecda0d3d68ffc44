"""The whole policy job: the driver of each round, the installed files, and the cards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from synthetic_rows import drives
from toy_recording import TINY, toy_recording

from drive_stack.config import load_model
from drive_stack.datasets.drives.collection import CollectionSpec
from drive_stack.errors import ConfigError
from drive_stack.learning.imitation.card import CARD
from drive_stack.learning.imitation.card_fields import PolicyCard
from drive_stack.learning.imitation.config import PolicyTraining
from drive_stack.learning.imitation.job import train_policy
from drive_stack.policy.image_network import head_path
from drive_stack.runtime.weights import read_card, sha256_of
from drive_stack.seeds import SeedSplit

ROUNDS = """\
rounds:
  - {name: plain, first_seed: 0, seeds: 1, epochs: 2}
  - name: blind
    first_seed: 10
    seeds: 1
    epochs: 1
    driver: modular
    driver_overrides: [a=1]
    expert_fraction: 0.5
  - {name: dagger, first_seed: 20, seeds: 1, epochs: 1, dagger: true, expert_fraction: 0.2}
"""


def write_config(path: Path, rounds: str) -> Path:
    lines = [line for line in TINY.splitlines() if not line.startswith("rounds")]
    path.write_text("\n".join(lines) + "\n" + rounds, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished_job(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[CollectionSpec], Path]:
    """The installed trunk, the requested recordings, and the work folder."""
    root, requests = tmp_path_factory.mktemp("job"), list[CollectionSpec]()
    config = write_config(root / "policy.yaml", ROUNDS)

    def collect(spec: CollectionSpec) -> None:
        requests.append(spec)
        toy_recording(spec.out)

    trunk = train_policy(
        config,
        collect,
        recordings=root / "recordings",
        work=root / "policy",
        out=root / "out",
        report=lambda line: None,
    )
    return trunk, requests, root / "policy"


def test_each_round_uses_its_configured_driver(finished_job: tuple[Path, list[CollectionSpec], Path]) -> None:
    _, requests, work = finished_job
    validation, plain, blind, dagger = requests
    assert [spec.first_seed for spec in requests] == [100_000, 0, 10, 20]
    assert validation.driver is None and plain.driver is None
    assert blind.driver == "modular" and blind.driver_overrides == ("a=1",)
    assert blind.expert_fraction == 0.5
    assert dagger.driver == "end_to_end"
    assert dagger.driver_overrides == (f"weights={work / 'blind' / 'policy.trunk.onnx'}",)


def test_the_last_round_is_installed_and_its_card_describes_all_rounds(
    finished_job: tuple[Path, list[CollectionSpec], Path],
) -> None:
    trunk, _, work = finished_job
    assert sha256_of(trunk) == sha256_of(work / "dagger" / trunk.name)
    assert sha256_of(head_path(trunk)) == sha256_of(work / "dagger" / head_path(trunk).name)
    card = read_card(trunk, "", PolicyCard)
    assert card["rounds"] == {"plain": 2, "blind": 1, "dagger": 1}
    assert [recording["rows"] for recording in card["recordings"].values()] == [120, 120, 120, 120]
    assert trunk.with_name("policy.safetensors").is_file()
    markdown = trunk.with_name("policy.card.md").read_text(encoding="utf-8")
    assert f"`{sha256_of(trunk)}`" in markdown and "blind (1 epochs)" in markdown


def test_a_round_learns_from_what_is_recorded_already(tmp_path: Path) -> None:
    config = write_config(
        tmp_path / "policy.yaml", "rounds: [{name: all, recordings: [pool, more], epochs: 1}]\n"
    )
    requests = list[CollectionSpec]()
    command = "python run_sim.py train policy --recordings pool"

    def collect(spec: CollectionSpec) -> None:
        requests.append(spec)
        toy_recording(spec.out)

    def train() -> Path:
        recordings, work = tmp_path / "recordings", tmp_path / "policy"
        return train_policy(
            config, collect, recordings=recordings, work=work, out=tmp_path / "out", command=command
        )

    toy_recording(tmp_path / "recordings" / "pool")
    with pytest.raises(ConfigError, match=r"more: no such recording; record it with"):
        train()
    toy_recording(tmp_path / "recordings" / "more")
    card = read_card(train(), "", PolicyCard)
    assert {spec.out.name for spec in requests} == {"validation"}
    assert list(card["recordings"]) == ["pool", "more", "validation"]
    assert card["command"] == command


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("recordings: [a], perturbed: true", "perturbed: does not go with recordings"),
        ("recordings: [a], seeds: 1", "seeds: does not go with recordings"),
        ("seeds: 1", "first_seed: is missing"),
    ],
)
def test_a_round_says_either_what_is_driven_or_that_it_is_recorded(
    keys: str, message: str, tmp_path: Path
) -> None:
    config = write_config(tmp_path / "policy.yaml", f"rounds: [{{name: pool, epochs: 1, {keys}}}]\n")
    with pytest.raises(ConfigError, match=message):
        load_model(config, PolicyTraining)


def test_closed_loop_drives_are_added_to_both_cards(
    finished_job: tuple[Path, list[CollectionSpec], Path],
) -> None:
    trunk, _, _ = finished_job
    rows = [
        row.result for row in drives("end_to_end", "cruise", "..x") + drives("end_to_end", "cut_in", "xx.")
    ]
    CARD.add_drives(trunk, SeedSplit.VALIDATION, rows)
    CARD.add_drives(trunk, SeedSplit.TEST, rows[:3])
    card = json.loads(trunk.with_suffix(".card.json").read_text(encoding="utf-8"))
    assert card["closed_loop"]["validation"]["all"]["successes"] == 3
    assert card["closed_loop"]["validation"]["by_scenario"]["cut_in"]["successes"] == 1
    assert card["closed_loop"]["test"]["all"]["episodes"] == 3 and card["rounds"]["plain"] == 2
    markdown = trunk.with_name("policy.card.md").read_text(encoding="utf-8")
    assert "| **all** | 3 of 6 |" in markdown and "| cruise | 2 of 3 |" in markdown
    assert "drives on validation seeds" in markdown and "drives on test seeds" in markdown
