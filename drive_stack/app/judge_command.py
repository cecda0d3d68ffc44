"""``run_sim.py judge``: how good a shipped model is, on frames and drives that training never saw."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from drive_stack.config import load_model
from drive_stack.runtime.weights import MODELS


def judge(given: Sequence[str], scenarios: Sequence[str], root: Path) -> int:
    """Judge a model over ``scenarios`` and complete its card; returns the exit status."""
    options = _parser(root).parse_args(given)
    config, frames = root / "configs" / "training" / f"{options.what}.yaml", options.work / "detector"
    if options.what == "detector":
        from drive_stack.learning import detector_judgement  # noqa: PLC0415 - slow to import
        from drive_stack.learning.detector_config import DetectorTraining  # noqa: PLC0415

        scores = detector_judgement.judge(
            MODELS / "detector.int8.onnx",
            load_model(config, DetectorTraining),
            scenarios,
            frames,
            options.on,
            detector_judgement.Pictures.in_folder(root / "docs" / "images"),
        )
    else:
        from drive_stack.learning import lanes_job  # noqa: PLC0415

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
    parser.add_argument("what", choices=("detector", "lanes"))
    parser.add_argument("--on", choices=("validation", "test"), default="validation", help="which seeds")
    parser.add_argument(
        "--work",
        type=Path,
        default=root / "runs",
        metavar="DIR",
        help="frames, recorded where they are missing (default: runs)",
    )
    return parser
