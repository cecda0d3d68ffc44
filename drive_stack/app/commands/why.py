"""``run_sim.py why``: explain failures of an evaluation by repeating their drives with one thing changed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from drive_stack.app.commands.replay import Replay, load_replay
from drive_stack.app.explanation_tables import print_counts, print_explanation
from drive_stack.app.wiring import Wiring
from drive_stack.causes.explain import Case, DriveAll, Options, Unexplained, explain, explain_or_reason
from drive_stack.causes.explanation import Explanation
from drive_stack.causes.files import key_of, merged, read_explanations, write_explanations
from drive_stack.causes.trials import Trial, drive_trial
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.fingerprint import source_hash
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.result import EpisodeResult, Status, succeeded
from drive_stack.report.runs import read_runs
from drive_stack.support.worker_processes import ONE_THREAD, run_in_processes


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Explain one failure or all of a run, write the explanations, print them; returns the exit status."""
    batch = wiring.batch.with_trust(args.trust)
    options = Options(args.before, source_hash(batch.packages))
    console = Console(width=None if sys.stdout.isatty() else 110)
    if args.all:
        return _explain_all(args, batch, options, console)
    replay = _replay(args, args.episode, batch)
    case = _case(replay, batch)
    _check_failed(case, args.episode)
    for note in replay.notes:
        print(f"note: {note}", file=sys.stderr)
    try:
        explanation = _explain_one(case, batch.build_agent, options, args.workers)
    except ConfigError as error:
        raise ConfigError(f"{args.run}: episode {args.episode}: {error}") from None
    path = write_explanations(args.run, merged(read_explanations(args.run), [explanation]))
    print_explanation(explanation, replay.driver, case.result, console)
    print(f"written: {path}", file=sys.stderr)
    return 0


def _explain_one(case: Case, build: AgentBuilder, options: Options, workers: int) -> Explanation:
    """Explain a failure, with the number of drives on the terminal."""
    count = 0
    with Console(stderr=True).status("repeats the drive") as status:

        def drive_all(trials: Sequence[Trial]) -> list[EpisodeResult]:
            nonlocal count
            results = []
            for result in _driven(build, trials, workers):
                results.append(result)
                count += 1
                status.update(f"{count} changed drives")
            return results

        explain_with: DriveAll = drive_all
        return explain(build, case, options, explain_with)


def _driven(build: AgentBuilder, trials: Sequence[Trial], workers: int) -> Iterator[EpisodeResult]:
    drive = partial(drive_trial, build)
    if workers == 1:
        return map(drive, trials)
    return run_in_processes(drive, trials, workers, environment=ONE_THREAD)


def _explain_all(args: argparse.Namespace, batch: BatchWiring, options: Options, console: Console) -> int:
    """Explain every failure that has no explanation of this code yet; each is written when it is found."""
    folder: Path = args.run
    explanations = read_explanations(folder)
    entries = [entry for entry in read_runs([folder]).entries if _can_explain(entry.row.result)]
    present = {key_of(known) for known in explanations if known.code_hash == options.code_hash}
    missing = [entry.number for entry in entries if entry.row.key not in present]
    cases = [_case(_replay(args, str(number), batch), batch) for number in missing]
    print(f"{len(entries)} failures, {len(cases)} to explain", file=sys.stderr)
    unexplained: list[Unexplained] = []
    function = partial(explain_or_reason, batch.build_agent, options)
    for found in (
        map(function, cases)
        if args.workers == 1
        else run_in_processes(function, cases, args.workers, in_order=False, environment=ONE_THREAD)
    ):
        if isinstance(found, Unexplained):
            unexplained.append(found)
            continue
        explanations = merged(explanations, [found])
        write_explanations(folder, explanations)
        print(f"{found.label} on {found.scenario} {found.seed}: {found.sentence}", file=sys.stderr)
    rows = {entry.row.key for entry in entries}
    shown = [explanation for explanation in explanations if key_of(explanation) in rows]
    print_counts(shown, console)
    for failure in unexplained:
        task = failure.case.task
        print(
            f"not explained: {task.label} on {task.scenario} {task.seed}: {failure.reason}", file=sys.stderr
        )
    return 1 if unexplained else 0


def _can_explain(result: EpisodeResult) -> bool:
    return not succeeded(result) and result.status is not Status.ERROR


def _check_failed(case: Case, episode: str) -> None:
    result = case.result
    course = f"--episode {episode}: {case.task.label} on {result.scenario} {result.seed}"
    if succeeded(result):
        raise ConfigError(f"{course}: the drive succeeded, so there is no failure to explain")
    if result.status is Status.ERROR:
        raise ConfigError(f"{course}: the driver itself failed with an error; replay shows it")


def _replay(args: argparse.Namespace, episode: str, batch: BatchWiring) -> Replay:
    return load_replay(args.run, episode, batch, trusted=args.trust, in_process=args.in_process)


def _case(replay: Replay, batch: BatchWiring) -> Case:
    driver, row = replay.driver, replay.row
    facts = batch.agent_facts(driver.agent, driver.overrides)
    task = BatchTask(
        scenario=row.result.scenario,
        seed=row.result.seed,
        agent=driver.agent,
        overrides=tuple(driver.overrides),
        label=row.label,
        config_hash=row.config_hash,
        privileged=facts.privileged,
        uses_camera=facts.uses_camera,
        world=row.world,
    )
    return Case(task, row.result, facts)
