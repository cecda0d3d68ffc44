"""``run_sim.py judge``: how good a shipped model is, on frames and drives that training never saw."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from drive_stack.config import load_model
from drive_stack.evaluation.batch.driving import DrivingOptions
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.suite import load_suite
from drive_stack.runtime.weights import MODELS

# suite and seeds that a policy drives; None stands for the suite's own seeds
SUITES: dict[str, tuple[str, range | None]] = {
    "validation": ("catalogue", range(100_000, 100_010)),
    "test": ("standard", None),
}


def judge(
    arguments: Sequence[str],
    wiring: BatchWiring,
    root: Path,
) -> int:
    """Evaluate a model on the catalogue's scenarios and complete its card; returns the exit status."""
    options = _parser(root).parse_args(arguments)
    config, frames = root / "configs" / "training" / f"{options.what}.yaml", options.work / "detector"
    if options.what == "detector":
        from drive_stack.learning.detector import validation as detector_judgement  # noqa: PLC0415 - slow to import
        from drive_stack.learning.detector.config import DetectorTraining  # noqa: PLC0415

        scores = detector_judgement.judge(
            MODELS / "detector.int8.onnx",
            load_model(config, DetectorTraining),
            wiring.scenarios,
            frames,
            options.on,
            detector_judgement.Pictures.in_folder(root / "docs" / "images"),
        )
    elif options.what == "policy":
        from drive_stack.app.agent_evaluation import EvaluationSpec, evaluate_agents  # noqa: PLC0415
        from drive_stack.learning.imitation.validation import note_drives  # noqa: PLC0415

        suite, seeds = SUITES[options.on]
        spec = EvaluationSpec(
            folder=options.work / "evaluate" / suite,
            suite=load_suite(suite),
            agents=("end_to_end",),
            seeds=seeds,
            driving=DrivingOptions(workers=2),
        )
        results = evaluate_agents(spec, wiring)
        scores = note_drives(MODELS / "policy.trunk.onnx", options.on, results)
    else:
        from drive_stack.learning.lanes import job as lanes_job  # noqa: PLC0415

        weights = MODELS / "lanes.onnx"
        scores = lanes_job.judge_shipped(
            config, wiring.scenarios, weights=weights, frames=frames, span=options.on
        )
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
