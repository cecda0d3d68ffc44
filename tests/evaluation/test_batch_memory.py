"""An agent that takes memory without end loses its episode: the row states why, and the batch continues."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import batch_drivers
import pytest
from real_episodes import SHORT, episodes

from agents.registry import build_agent
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.memory import MIN_LIMIT, memory_per_worker
from drive_stack.evaluation.batch.scheduler import TaskScheduler
from drive_stack.evaluation.batch.worker import ProcessPool

LIMIT = 2**30


@pytest.mark.parametrize("overrides", [(), pytest.param(("in_process=true",), marks=pytest.mark.slow)])
@pytest.mark.parametrize("agent", ["Greedy", pytest.param("Nibbling", marks=pytest.mark.slow)])
def test_a_greedy_agent_costs_its_episode_only(
    tmp_path: Path, agent: str, overrides: tuple[str, ...]
) -> None:
    course = tmp_path / "short.yaml"
    course.write_text(SHORT)
    tasks = episodes(f"batch_drivers:{agent}", course, range(100_002, 100_005), overrides)
    pool = ProcessPool(partial(drive_task, build_agent), LIMIT)
    with TaskScheduler(pool, workers=1, time_limit=300.0) as scheduler:
        outcomes = {outcome.task.seed % 10: outcome for outcome in scheduler.run(tasks)}
    greedy = outcomes.pop(batch_drivers.UNLUCKY)
    failed = greedy.reply.failure if greedy.reply.result is None else greedy.reply.result.error
    assert "MemoryError" in (failed or "").splitlines()[-1] and not greedy.lost
    if agent == "Greedy":  # at the limit there may be no memory for a whole traceback
        assert "batch_drivers.py" in (failed or "")
    # memory that it keeps in the worker would be missing in the next episode
    assert greedy.reply.must_restart == bool(overrides)
    others = [outcome.reply.result for outcome in outcomes.values()]
    assert [result.error for result in others if result is not None] == [None, None]


def test_memory_that_is_shared_counts(tmp_path: Path) -> None:
    """The operating system's limit of a process does not include shared memory."""
    course = tmp_path / "short.yaml"
    course.write_text(SHORT)
    tasks = episodes("hostile_agents:SharesMemory", course, range(100_000, 100_001))
    pool = ProcessPool(partial(drive_task, build_agent), LIMIT)
    with TaskScheduler(pool, workers=1, time_limit=300.0) as scheduler:
        (outcome,) = scheduler.run(tasks)
    result = outcome.reply.result
    assert result is not None and "exceeded its memory limit" in (result.error or "")


def test_the_limit_counts_used_and_not_reserved_memory() -> None:
    code = (
        "import mmap; from drive_stack.evaluation.batch.memory import limit_memory, memory_is_mostly_used\n"
        f"limit_memory({LIMIT})\n"
        f"reserved = mmap.mmap(-1, {4 * LIMIT}, prot=mmap.PROT_READ)\n"
        "assert not memory_is_mostly_used()\n"
        f"used = bytearray({LIMIT} * 6 // 10)\n"
        "assert memory_is_mostly_used()\n"
        "try:\n"
        f"    bytearray({LIMIT} * 6 // 10)\n"
        "except MemoryError:\n"
        "    print('limited')\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "limited\n"


def test_workers_share_the_memory() -> None:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    whole = memory_per_worker(1)
    assert MIN_LIMIT <= memory_per_worker(2) <= max(whole // 2 + 1, MIN_LIMIT) and whole <= total
    assert memory_per_worker(10**6) == MIN_LIMIT
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY  # this process has no limit
