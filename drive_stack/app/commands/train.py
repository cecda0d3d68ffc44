"""``run_sim.py train``: make a trained model again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.runtime.weights import MODELS
from drive_stack.support.atomic_files import make_folder


def train(
    arguments: Sequence[str],
    wiring: BatchWiring,
    root: Path,
) -> int:
    """Record data of the catalogue's scenarios, train, evaluate, write weights and card.

    Configurations and results lie in the project folder ``root`` unless options name other places.
    Returns the exit status.
    """
    options = _parser(root).parse_args(arguments)
    for folder in (options.work, options.out or MODELS):
        make_folder(folder)
    config = options.config or root / "configs" / "training" / f"{options.what}.yaml"
    if options.what == "detector":
        from drive_stack.learning.detector.job import train_detector  # noqa: PLC0415 - torch is slow to import
        from drive_stack.learning.detector.validation import Pictures  # noqa: PLC0415

        weights = train_detector(
            config,
            wiring.scenarios,
            overrides=options.set,
            work=options.work / "detector",
            out=options.out or MODELS,
            pictures=None if options.out else Pictures.in_folder(root / "docs" / "images"),
            resume=options.resume,
        )
    elif options.what == "policy":
        from drive_stack.app.commands.collect import collect_and_report  # noqa: PLC0415
        from drive_stack.learning.imitation.job import train_policy  # noqa: PLC0415

        weights = train_policy(
            config,
            lambda spec: collect_and_report(spec, wiring),
            overrides=options.set,
            recordings=options.work / "recordings",
            work=options.work / config.stem,  # another network shares recordings, not checkpoints
            out=options.out or MODELS,
        )
    else:
        from drive_stack.learning.lanes.job import train_lanes  # noqa: PLC0415

        weights = train_lanes(
            config,
            wiring.scenarios,
            overrides=options.set,
            frames=options.work / "detector",
            work=options.work / "lanes",
            out=options.out or MODELS,
            resume=options.resume,
        )
    print(f"weights: {weights}")
    return 0


def _parser(root: Path) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_sim.py train",
        description="Make a trained model again: record frames of training seeds, train, judge on validation "
        "seeds, and write weights and card to drive_stack/models/. Frames already recorded are used.",
        allow_abbrev=False,
    )
    parser.add_argument("what", choices=("detector", "lanes", "policy"))
    parser.add_argument("--config", type=Path, metavar="FILE", help="default: configs/training/WHAT.yaml")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override the configuration"
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=root / "runs",
        metavar="DIR",
        help="frames, checkpoints, logs (default: runs)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="weights and card (default: drive_stack/models)"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the last checkpoint (detector and lanes; the policy always does)",
    )
    return parser
