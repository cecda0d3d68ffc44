"""The parts that all trainings share: run folders, progress and early stopping."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from drive_stack.errors import ConfigError
from drive_stack.learning.imitation.config import PolicyTraining, Round
from drive_stack.learning.lanes.config import LaneTraining
from drive_stack.learning.training import progress as module
from drive_stack.learning.training.early_stopping import is_best, is_stale
from drive_stack.learning.training.progress import track_steps
from drive_stack.learning.training.run_folder import CONFIGURATION, start_run

ENCODER = {
    "view": {"top": 0, "bottom": 8, "height": 8, "width": 8},
    "layers": [{"channels": 2}],
    "features": 2,
}


def policy(*rounds: Round) -> PolicyTraining:
    return PolicyTraining.model_validate({"network": {"encoders": [ENCODER]}, "rounds": rounds})


def test_a_run_resumes_with_the_configuration_it_started_with(tmp_path: Path) -> None:
    start_run(tmp_path, LaneTraining(epochs=3), resume=True)
    start_run(tmp_path, LaneTraining(epochs=3, threads=7), resume=True, may_change=("threads",))
    stored = (tmp_path / CONFIGURATION).read_text(encoding="utf-8")
    assert "epochs: 3" in stored and "threads: 7" in stored
    with pytest.raises(
        ConfigError, match=r"configuration\.yaml: epochs was 3 when the run began and is 4 now"
    ):
        start_run(tmp_path, LaneTraining(epochs=4, threads=7), resume=True)
    with pytest.raises(ConfigError, match=r"drives\.seconds was 12\.0"):
        start_run(
            tmp_path,
            LaneTraining.model_validate({"epochs": 3, "threads": 7, "drives": {"seconds": 5.0}}),
            resume=True,
        )
    assert (tmp_path / CONFIGURATION).read_text(encoding="utf-8") == stored
    start_run(tmp_path, LaneTraining(epochs=4), resume=False)
    assert "epochs: 4" in (tmp_path / CONFIGURATION).read_text(encoding="utf-8")


def test_rounds_may_be_added_but_not_changed(tmp_path: Path) -> None:
    first, second = (Round(name=name, first_seed=0, seeds=1, epochs=2) for name in ("first", "second"))
    start_run(tmp_path, policy(first), resume=True)
    start_run(tmp_path, policy(first, second), resume=True)
    longer = first.model_copy(update={"epochs": 5})
    with pytest.raises(ConfigError, match=r"rounds\.0\.epochs was 2 when the run began and is 5 now"):
        start_run(tmp_path, policy(longer, second), resume=True)


def test_a_configuration_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / CONFIGURATION).write_text("epochs: [", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"configuration\.yaml:\d: .* restore or remove"):
        start_run(tmp_path, LaneTraining(), resume=True)


def test_the_best_and_stale_losses_are_recognised() -> None:
    assert is_best([3.0]) and is_best([3.0, 2.0]) and is_best([2.0, 2.0]) and not is_best([2.0, 3.0])
    assert not is_stale([1.0, 2.0], patience=2)
    assert is_stale([1.0, 2.0, 3.0], patience=2) and not is_stale([2.0, 3.0, 1.0], patience=2)


def test_a_terminal_shows_a_bar() -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=100)
    with track_steps("plain epoch 1/2", 3, pytest.fail, console) as advance:
        for _ in range(3):
            advance("loss 0.5")
    assert (
        "plain epoch 1/2" in output.getvalue()
        and "3/3" in output.getvalue()
        and "loss 0.5" in output.getvalue()
    )


def test_without_a_terminal_there_is_one_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, now = list[str](), [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    with track_steps("epoch 1/2", 8, lines.append, Console(file=io.StringIO())) as advance:
        for step in range(8):
            now[0] += 40.0
            advance(f"loss {step}")
    assert lines == [
        "epoch 1/2: 2 of 8 steps, loss 1, 4 min left",
        "epoch 1/2: 4 of 8 steps, loss 3, 3 min left",
        "epoch 1/2: 6 of 8 steps, loss 5, 1 min left",
    ]
