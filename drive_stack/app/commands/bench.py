"""``run_sim.py bench``: measure the speed of each part next to that of what it is built from."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from itertools import cycle
from pathlib import Path

import cv2
import torch
from rich.console import Console

from drive_stack.app.wiring import BenchWiring, Wiring
from drive_stack.benchmarks.speed.closed_loop import LoopTimes, drive
from drive_stack.benchmarks.speed.driving_steps import DrivingSteps
from drive_stack.benchmarks.speed.interleaved import Contender, race
from drive_stack.benchmarks.speed.per_image import PerImage
from drive_stack.benchmarks.speed.results import Results, Row, json_line, markdown, terminal_table
from drive_stack.benchmarks.speed.suite_time import sample, seconds_per_step
from drive_stack.benchmarks.speed.ultralytics_predict import UltralyticsPredict
from drive_stack.camera_model import CameraModel
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.suite import load_suite
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.perception.detector import TRAINED, YoloDetector
from drive_stack.perception.lanes_network import LaneNetwork
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import make_folder, write_atomically
from drive_stack.support.extras import require
from drive_stack.types import Control, Image

COUNTS = (20, 50)  # numbers of vehicles in the comparisons
MAX_STOCK_COUNT = 100  # vehicles; highway-env takes too long with more
GROWTH_COUNTS = (5, 10, 20, 50, 100, 200, 500, 1000, 2000)
THREADS = 2  # threads of each detector
WORLDS = 8  # worlds of a batch
SUITE_DRIVERS, SUITE_WORKERS = ("modular", "end_to_end"), 2
SAMPLED_COURSES = 4  # of the suite's 22; each is driven to its end on a validation seed
_CONFIDENCE, _OVERLAP = 0.25, 0.6
_REQUIRED_RATIOS = {
    "traffic_20": 200.0, "traffic_50": 1000.0, "env_step_20": 30.0, "env_step_50": 100.0,
    "camera_over_traffic": 1.1, "detector": 5.0, "closed_loop_real_time": 4.0, "closed_loop_over_naive": 4.0,
    "standard_over_predict": 0.3, "batch": 1.5, "training": 20.0,
}  # fmt: skip


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Measure, print the table, write it and the figure; returns the exit status."""
    parts = wiring.bench()
    if args.out is not None:
        make_folder(args.out)
    with tempfile.TemporaryDirectory() as folder:
        crowded = Path(folder) / "crowded.yaml"
        crowded.write_text(parts.crowded_scenario(COUNTS[0]), encoding="utf-8")
        results = measure(parts, wiring.batch, str(crowded), report=lambda line: print(line, file=sys.stderr))
    if args.out is not None:
        _write(results, args.out, args.command)
    Console(width=None if sys.stdout.isatty() else 140).print(terminal_table(results))
    stages = ", ".join(f"{stage} {median:.1f}" for stage, median in results.stages_ms.items())
    print(f"a step of the modular driver, medians in ms: {stages}")
    if args.json:
        print(json_line(results))
    return 0


def measure(parts: BenchWiring, batch: BatchWiring, crowded: str, report: Callable[[str], None]) -> Results:
    """Measure one part after the other; ``crowded`` is the path of a scenario with dense traffic."""
    world = _measure_world(parts, report)
    report("detector and lanes …")
    seeds = parts.crowded_seeds(COUNTS[0])
    images = camera_images(crowded, seeds[0])
    predict = UltralyticsPredict(TRAINED, parts.network, confidence=_CONFIDENCE, overlap=_OVERLAP)
    drivers = _network_rows(predict, images)
    report("closed loop …")
    loop = drive(EnvSpec(crowded), parts.agent, seeds, steps=200)
    drivers.append(_loop_row(loop))
    report("closed loop, next to predict and highway-env …")
    drivers.append(_naive_row(parts, predict, images, crowded, loop.vehicles))
    report("courses of the suite standard, two workers …")
    drivers.append(_standard_row(batch, predict, images))
    report("growth with the number of vehicles …")
    stages = {"world and camera": loop.world_ms, **loop.stages_ms, "all": loop.step_ms}
    return Results(tuple(world), tuple(drivers), stages, _growth(parts))


def _measure_world(parts: BenchWiring, report: Callable[[str], None]) -> list[Row]:
    rows: list[Row] = []
    for count in COUNTS:
        report(f"traffic of {count} vehicles …")
        rows += _traffic_rows(parts, count)
    for count in COUNTS:
        report(f"environment steps with {count} vehicles …")
        rows.append(_step_row(parts, count))
    report("camera …")
    rows += _camera_rows(parts)
    report(f"{WORLDS} worlds together …")
    rows.append(_batch_row(parts))
    try:
        require(("stable_baselines3",), "rl", "training")
    except ConfigError as missing:
        report(f"{missing}; left out")
    else:
        report("training by PPO …")
        rows.append(_training_row(parts))
    return rows


def _traffic_rows(parts: BenchWiring, count: int) -> list[Row]:
    contenders = {
        "stock": parts.stock_traffic(count),
        "same": parts.same_traffic(count),
        "world": parts.world_traffic(count),
    }
    rates = race(contenders, blocks=5, seconds=0.2)
    kinds = {"same": ("traffic", "same trajectories"), "world": ("world_traffic", "of our worlds")}
    return [
        _row(f"{key}_{count}", f"traffic, {count} vehicles, {what}", rates[name], rates["stock"],
             "ticks/s", "highway-env")
        for name, (key, what) in kinds.items()
    ]  # fmt: skip


def _step_row(parts: BenchWiring, count: int) -> Row:
    rates = race({"stock": parts.stock_steps(count), "own": parts.own_steps(count)}, blocks=4, seconds=0.3)
    what = f"env.step of 15 ticks, {count} vehicles, no camera"
    return _row(f"env_step_{count}", what, rates["own"], rates["stock"], "steps/s", "highway-v0")


def _camera_rows(parts: BenchWiring) -> list[Row]:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        own, bare = parts.camera(COUNTS[0])
        stock = parts.stock_traffic(COUNTS[0])
        rates = race({"own": own, "bare": bare, "stock": stock}, blocks=7, seconds=0.4)
    finally:
        cv2.setNumThreads(threads)
    what = f"camera, one core, {COUNTS[0]} vehicles in view"
    return [
        _row("camera_over_traffic", what, rates["own"], rates["stock"], "frames/s",
             f"highway-env's ticks with {COUNTS[0]} vehicles"),
        _row("camera_of_bare_engine", what, rates["own"], rates["bare"], "frames/s", "Panda3D alone"),
    ]  # fmt: skip


def _batch_row(parts: BenchWiring) -> Row:
    with parts.batch(WORLDS) as (together, singly):
        rates = race({"together": together, "singly": singly}, blocks=4, seconds=0.5)
    what = f"env.step of {WORLDS} worlds with camera, together"
    return _row("batch", what, rates["together"], rates["singly"], "steps/s", "one by one")


def _training_row(parts: BenchWiring) -> Row:
    torch.set_num_threads(1)
    with parts.training() as (own, stock):
        rates = race({"own": own, "stock": stock}, blocks=2, seconds=1.0)
    what = "training by PPO, steps with updates"
    return _row("training", what, rates["own"], rates["stock"], "steps/s", "highway-env's PPO example")


def _network_rows(predict: UltralyticsPredict, images: Sequence[Image]) -> list[Row]:
    """The detector and the lane network, each next to ultralytics' predict on the same images."""
    torch.set_num_threads(THREADS)
    detector = YoloDetector(
        confidence=ConfidenceThresholds.uniform(_CONFIDENCE), overlap=_OVERLAP, threads=THREADS
    )
    lanes = LaneNetwork(CameraModel(), threads=THREADS)
    contenders = {
        "detector": PerImage(detector.detect, images),
        "lanes": PerImage(lanes.measure, images),
        "predict": PerImage(predict.detect, images),
    }
    rates = race(contenders, blocks=7, seconds=0.4)
    threads, against = f"{THREADS} threads", "ultralytics' predict"
    return [
        _row("detector", f"detector, {threads}", rates["detector"], rates["predict"], "frames/s", against),
        _time_row("lanes", f"lane network, {threads}", 1.0 / rates["lanes"], 1.0 / rates["predict"], against),
    ]


def _naive_row(
    parts: BenchWiring, predict: UltralyticsPredict, images: Sequence[Image], crowded: str, vehicles: float
) -> Row:
    """A step of the modular driver, next to predict on one image and the ticks of stock traffic in a step."""
    torch.set_num_threads(THREADS)
    with closing(DrivingEnv(EnvSpec(crowded))) as env:
        steps = DrivingSteps(env, parts.agent(env.platform), cycle(parts.crowded_seeds(COUNTS[0])))
        contenders: Mapping[str, Contender] = {
            "own": steps,
            "predict": PerImage(predict.detect, images),
            "stock": parts.stock_traffic(round(vehicles)),
        }
        rates = race(contenders, blocks=5, seconds=0.5)
    ticks = env.spec.physics_hz // env.spec.agent_hz
    naive = 1.0 / (1.0 / rates["predict"] + ticks / rates["stock"])
    what = f"closed loop with camera, {vehicles:.0f} vehicles"
    against = f"predict and {ticks} ticks of highway-env"
    return _row("closed_loop_over_naive", what, rates["own"], naive, "steps/s", against)


def _standard_row(batch: BatchWiring, predict: UltralyticsPredict, images: Sequence[Image]) -> Row:
    """Courses of the suite standard by both drivers, next to predict on as many images.

    predict is measured before and after the drives, because the speed of a machine varies.
    """
    suite = load_suite("standard")
    courses = sample(suite.scenarios(batch.scenarios, batch.world_name), SAMPLED_COURSES)
    seed = SeedSplit.VALIDATION.first
    alone = {"predict": PerImage(predict.detect, images)}
    torch.set_num_threads(THREADS)
    before = race(alone, blocks=3, seconds=0.5)["predict"]
    own = seconds_per_step(batch.build_agent, SUITE_DRIVERS, courses, seed, SUITE_WORKERS)
    after = race(alone, blocks=3, seconds=0.5)["predict"]
    what = f"a step of standard, {' and '.join(SUITE_DRIVERS)}, {SUITE_WORKERS} workers"
    return _time_row("standard_over_predict", what, own, 2.0 / (before + after), "ultralytics' predict alone")


def _loop_row(loop: LoopTimes) -> Row:
    what = f"closed loop with camera, {loop.vehicles:.0f} vehicles"
    return _row("closed_loop_real_time", what, loop.real_time, 1.0, "s/s", "real time")


def _growth(parts: BenchWiring) -> dict[str, dict[int, float]]:
    lines: dict[str, dict[int, float]] = {}
    for count in GROWTH_COUNTS:
        contenders = {
            "traffic of our worlds, ticks": parts.world_traffic(count),
            "same trajectories as highway-env, ticks": parts.same_traffic(count),
        }
        if count <= MAX_STOCK_COUNT:
            contenders["highway-env's traffic, ticks"] = parts.stock_traffic(count)
            if count <= COUNTS[-1]:  # the ego's surroundings never hold more
                contenders["our env.step"] = parts.own_steps(count)
                contenders["highway-v0 env.step"] = parts.stock_steps(count)
        for name, rate in race(contenders, blocks=1, seconds=0.1).items():
            lines.setdefault(name, {})[count] = rate
    return lines


def camera_images(scenario: str, seed: int, count: int = 24) -> list[Image]:
    """Return camera images, half a second apart, of a drive with zero steering and acceleration.

    Where an episode ends, the drive goes on with the next seed.
    """
    with closing(DrivingEnv(EnvSpec(scenario))) as env:
        images = [env.reset(seed).image]
        while len(images) < count:
            for _ in range(5):
                step = env.step(Control(0.0, 0.0))
                if step.outcome is not None:
                    seed += 1
                    env.reset(seed)
            images.append(step.observation.image)
    return images


def _row(key: str, what: str, own: float, reference: float, unit: str, against: str) -> Row:
    return Row(key, what, own, reference, unit, against, _REQUIRED_RATIOS.get(key))


def _time_row(key: str, what: str, own_s: float, reference_s: float, against: str) -> Row:
    return Row(
        key,
        what,
        1000.0 * own_s,
        1000.0 * reference_s,
        "ms",
        against,
        _REQUIRED_RATIOS.get(key),
        is_time=True,
    )


def _write(results: Results, out: Path, command: str) -> None:
    from drive_stack.benchmarks.speed.figure import write_growth  # noqa: PLC0415 - matplotlib is slow to import

    files = [out / name for name in ("bench.md", "bench.json", "bench_growth.svg")]
    write_atomically(files[0], markdown(results, command))
    write_atomically(files[1], json_line(results) + "\n")
    write_growth(files[2], results.growth)
    print("written: " + ", ".join(map(str, files)), file=sys.stderr)
