"""``run_sim.py bench``: how fast everything is, side by side with what it is built from."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch
from rich.console import Console

from drive_stack.benchmarks.speed.closed_loop import LoopTimes, MakeAgent, drive
from drive_stack.benchmarks.speed.detector import Detecting
from drive_stack.benchmarks.speed.interleaved import Contender, race
from drive_stack.benchmarks.speed.results import Results, Row, json_line, markdown, terminal_table
from drive_stack.benchmarks.speed.ultralytics_predict import UltralyticsPredict
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.perception.confidences import Confidences
from drive_stack.perception.detector import TRAINED, YoloDetector
from drive_stack.support.atomic_files import make_folder, write_whole
from drive_stack.types import Control, Image

COUNTS = (20, 50)  # vehicles that are compared
STOCK_UP_TO = 100  # vehicles; highway-env takes too long with more
GROWTH = (5, 10, 20, 50, 100, 200, 500, 1000, 2000)
THREADS = 2  # of the detectors
WORLDS = 8  # of a batch
_CONFIDENCE, _OVERLAP = 0.25, 0.6
_NEEDED = {
    "traffic_20": 200.0, "traffic_50": 1000.0, "env_step_20": 30.0, "env_step_50": 100.0,
    "camera_of_bare_engine": 0.8, "detector": 3.0, "closed_loop_real_time": 4.0, "batch": 1.5,
}  # fmt: skip

ByVehicles = Callable[[int], Contender]


@dataclass(frozen=True, slots=True)
class Benched:
    """What only the command line knows: worlds, cameras and drivers at work."""

    stock_traffic: ByVehicles
    same_traffic: ByVehicles  # the same trajectories, ours
    world_traffic: ByVehicles  # what our worlds are full of
    stock_steps: ByVehicles
    our_steps: ByVehicles
    camera: Callable[[int], tuple[Contender, Contender]]  # so many vehicles in view: ours, the bare engine
    batch: Callable[[int], AbstractContextManager[tuple[Contender, Contender]]]  # worlds: together, singly
    crowded: Callable[[int], str]  # a scenario with so many vehicles, as YAML
    crowded_seeds: Callable[[int], Sequence[int]]  # of it, with hardly more
    agent: MakeAgent
    network: Path  # the detector's description


def bench(given: Sequence[str], benched: Benched) -> int:
    """Measure, print the table, write it and the figure; returns the exit status."""
    options = _parser().parse_args(given)
    if options.out is not None:
        make_folder(options.out)
    with tempfile.TemporaryDirectory() as folder:
        crowded = Path(folder) / "crowded.yaml"
        crowded.write_text(benched.crowded(COUNTS[0]), encoding="utf-8")
        results = measure(benched, str(crowded), report=lambda line: print(line, file=sys.stderr))
    if options.out is not None:
        _write(results, options.out, " ".join(["python run_sim.py bench", *given]))
    Console(width=None if sys.stdout.isatty() else 140).print(terminal_table(results))
    stages = ", ".join(f"{stage} {spent:.1f}" for stage, spent in results.stages_ms.items())
    print(f"a step of the modular driver, medians in ms: {stages}")
    if options.json:
        print(json_line(results))
    return 0


def measure(benched: Benched, crowded: str, report: Callable[[str], None]) -> Results:
    """Everything, one part after the other; ``crowded`` is the path of a scenario."""
    rows: list[Row] = []
    for count in COUNTS:
        report(f"traffic of {count} vehicles …")
        rows += _traffic_rows(benched, count)
    for count in COUNTS:
        report(f"environment steps with {count} vehicles …")
        rows.append(_step_row(benched, count))
    report("camera …")
    rows.append(_camera_row(benched))
    report(f"{WORLDS} worlds together …")
    rows.append(_batch_row(benched))
    report("detector …")
    seeds = benched.crowded_seeds(COUNTS[0])
    rows.append(_detector_row(benched.network, pictures(crowded, seeds[0])))
    report("closed loop …")
    loop = drive(EnvSpec(crowded), benched.agent, seeds, steps=200)
    rows.append(_loop_row(loop))
    report("growth with the number of vehicles …")
    stages = {"world and camera": loop.world_ms, **loop.stages_ms, "all": loop.step_ms}
    return Results(tuple(rows), stages, _growth(benched))


def _traffic_rows(benched: Benched, count: int) -> list[Row]:
    contenders = {
        "stock": benched.stock_traffic(count),
        "same": benched.same_traffic(count),
        "world": benched.world_traffic(count),
    }
    rates = race(contenders, blocks=5, seconds=0.2)
    kinds = {"same": ("traffic", "same trajectories"), "world": ("world_traffic", "of our worlds")}
    return [
        _row(f"{key}_{count}", f"traffic, {count} vehicles, {what}", rates[name], rates["stock"],
             "ticks/s", "highway-env")
        for name, (key, what) in kinds.items()
    ]  # fmt: skip


def _step_row(benched: Benched, count: int) -> Row:
    rates = race(
        {"stock": benched.stock_steps(count), "ours": benched.our_steps(count)}, blocks=4, seconds=0.3
    )
    what = f"env.step of 15 ticks, {count} vehicles, no camera"
    return _row(f"env_step_{count}", what, rates["ours"], rates["stock"], "steps/s", "highway-v0")


def _camera_row(benched: Benched) -> Row:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        ours, bare = benched.camera(COUNTS[0])
        rates = race({"ours": ours, "bare": bare}, blocks=7, seconds=0.4)
    finally:
        cv2.setNumThreads(threads)
    what = f"camera, one core, {COUNTS[0]} vehicles in view"
    return _row("camera_of_bare_engine", what, rates["ours"], rates["bare"], "frames/s", "Panda3D alone")


def _batch_row(benched: Benched) -> Row:
    with benched.batch(WORLDS) as (together, singly):
        rates = race({"together": together, "singly": singly}, blocks=4, seconds=0.5)
    what = f"env.step of {WORLDS} worlds with camera, together"
    return _row("batch", what, rates["together"], rates["singly"], "steps/s", "one by one")


def _detector_row(network: Path, seen: Sequence[Image]) -> Row:
    torch.set_num_threads(THREADS)
    ours = YoloDetector(confidence=Confidences.all(_CONFIDENCE), overlap=_OVERLAP, threads=THREADS)
    theirs = UltralyticsPredict(TRAINED, network, confidence=_CONFIDENCE, overlap=_OVERLAP)
    contenders = {"ours": Detecting(ours, seen), "theirs": Detecting(theirs, seen)}
    rates = race(contenders, blocks=7, seconds=0.4)
    what = f"detector, {THREADS} threads"
    return _row("detector", what, rates["ours"], rates["theirs"], "frames/s", "ultralytics' predict")


def _loop_row(loop: LoopTimes) -> Row:
    what = f"closed loop with camera, {loop.vehicles:.0f} vehicles"
    return _row("closed_loop_real_time", what, loop.real_time, 1.0, "s/s", "real time")


def _growth(benched: Benched) -> dict[str, dict[int, float]]:
    lines: dict[str, dict[int, float]] = {}
    for count in GROWTH:
        contenders = {
            "traffic of our worlds, ticks": benched.world_traffic(count),
            "same trajectories as highway-env, ticks": benched.same_traffic(count),
        }
        if count <= STOCK_UP_TO:
            contenders["highway-env's traffic, ticks"] = benched.stock_traffic(count)
            if count <= COUNTS[-1]:  # no more than that come within reach of our ego
                contenders["our env.step"] = benched.our_steps(count)
                contenders["highway-v0 env.step"] = benched.stock_steps(count)
        for name, rate in race(contenders, blocks=1, seconds=0.1).items():
            lines.setdefault(name, {})[count] = rate
    return lines


def pictures(scenario: str, seed: int, count: int = 24) -> list[Image]:
    """Camera pictures of a drive that keeps its lane, half a second apart."""
    with closing(DrivingEnv(EnvSpec(scenario))) as env:
        seen = [env.reset(seed).image]
        while len(seen) < count:
            for _ in range(5):
                step = env.step(Control(0.0, 0.0))
                if step.outcome is not None:
                    seed += 1
                    env.reset(seed)
            seen.append(step.observation.image)
    return seen


def _row(key: str, what: str, ours: float, beside: float, unit: str, against: str) -> Row:
    return Row(key, what, ours, beside, unit, against, _NEEDED.get(key))


def _write(results: Results, out: Path, command: str) -> None:
    from drive_stack.benchmarks.speed.figure import write_growth  # noqa: PLC0415 - matplotlib is slow to import

    files = [out / name for name in ("bench.md", "bench.json", "bench_growth.svg")]
    write_whole(files[0], markdown(results, command))
    write_whole(files[1], json_line(results) + "\n")
    write_growth(files[2], results.growth)
    print("written: " + ", ".join(map(str, files)), file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_sim.py bench",
        description="Measure traffic, environment, camera, detector and closed loop side by side with "
        "highway-env, Panda3D alone and ultralytics, in less than five minutes. Compare ratios, not rates: "
        "machines differ and are noisy.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write table, JSON and figure there")
    return parser
