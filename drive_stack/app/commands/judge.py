"""``run_sim.py judge``: how good a shipped model is, on frames and drives that training never saw."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from drive_stack.config import load_model
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.runtime.weights import MODELS

SUITES = {
    "validation": ("catalogue", ("--seeds", "100000:100010")),
    "test": ("standard", ()),
}  # drives of a policy


def judge(
    given: Sequence[str],
    scenarios: Sequence[str],
    root: Path,
    drive: Callable[[Sequence[str]], list[EpisodeResult]],
) -> int:
    """Judge a model over ``scenarios`` and complete its card; returns the exit status.

    ``drive`` is ``run_sim.py evaluate`` with its arguments, to the results of the agents compared.
    """
    options = _parser(root).parse_args(given)
    config, frames = root / "configs" / "training" / f"{options.what}.yaml", options.work / "detector"
    if options.what == "detector":
        from drive_stack.learning.detector import validation as detector_judgement  # noqa: PLC0415 - slow to import
        from drive_stack.learning.detector.config import DetectorTraining  # noqa: PLC0415

        scores = detector_judgement.judge(
            MODELS / "detector.int8.onnx",
            load_model(config, DetectorTraining),
            scenarios,
            frames,
            options.on,
            detector_judgement.Pictures.in_folder(root / "docs" / "images"),
        )
    elif options.what == "policy":
        from drive_stack.learning.imitation.validation import note_drives  # noqa: PLC0415

        suite, seeds = SUITES[options.on]
        folder = options.work / "evaluate" / suite
        results = drive(
            ["--agent", "end_to_end", "--suite", suite, *seeds, "--out", str(folder), "--workers", "2"]
        )
        scores = note_drives(MODELS / "policy.trunk.onnx", options.on, results)
    else:
        from drive_stack.learning.lanes import job as lanes_job  # noqa: PLC0415

        weights = MODELS / "lanes.onnx"
        scores = lanes_job.judge_shipped(config, scenarios, weights=weights, frames=frames, span=options.on)
    print(json.dumps(scores, ensure_ascii=False, indent=1))
    return 0


def _parser(root: Path) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_sim.py judge",
        description="Judge a shipped model on validation seeds, or on test seeds, and complete its card in "
        "drive_stack/models/. Test seeds are for the end: nothing may be chosen by them.",
        allow_abbrev=False,
    )
    parser.add_argument("what", choices=("detector", "lanes", "policy"))
    parser.add_argument("--on", choices=("validation", "test"), default="validation", help="which seeds")
    parser.add_argument(
        "--work",
        type=Path,
        default=root / "runs",
        metavar="DIR",
        help="frames and drives, made where they are missing (default: runs)",
    )
    return parser
