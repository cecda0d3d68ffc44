"""``run_sim.py train``: train the detector, the lane network or the end-to-end policy."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from drive_stack.app.wiring import Wiring
from drive_stack.support.atomic_files import make_folder
from drive_stack.support.layout import CONFIGS, MODELS


def run(arguments: Sequence[str], wiring: Wiring) -> int:
    """Record the data, train, evaluate, and write weights and card; returns the exit status."""
    args = _parser(wiring.root).parse_args(arguments)
    for folder in (args.work, args.out or MODELS):
        make_folder(folder)
    train = {"detector": _train_detector, "lanes": _train_lanes, "policy": _train_policy}
    print(f"weights: {train[args.what](args, wiring)}")
    return 0


def _train_detector(args: argparse.Namespace, wiring: Wiring) -> Path:
    from drive_stack.learning.detector.job import train_detector  # noqa: PLC0415 - torch is slow to import
    from drive_stack.learning.detector.validation import FigurePaths  # noqa: PLC0415

    return train_detector(
        _config(args),
        wiring.batch.scenarios,
        overrides=args.set,
        work=args.work / "detector",
        out=args.out or MODELS,
        figures=None if args.out else FigurePaths.in_folder(wiring.root / "docs" / "images"),
        resume=args.resume,
    )


def _train_lanes(args: argparse.Namespace, wiring: Wiring) -> Path:
    from drive_stack.learning.lanes.job import train_lanes  # noqa: PLC0415 - torch is slow to import

    return train_lanes(
        _config(args),
        wiring.batch.scenarios,
        overrides=args.set,
        frames=args.work / "detector",
        work=args.work / "lanes",
        out=args.out or MODELS,
        resume=args.resume,
    )


def _train_policy(args: argparse.Namespace, wiring: Wiring) -> Path:
    from drive_stack.app.commands.collect import collect_and_report  # noqa: PLC0415 - pyarrow is slow to import
    from drive_stack.learning.imitation.job import train_policy  # noqa: PLC0415

    config = _config(args)
    return train_policy(
        config,
        lambda spec: collect_and_report(spec, wiring.batch),
        overrides=args.set,
        recordings=args.work / "recordings",
        work=args.work / config.stem,  # another network shares the recordings, but not the checkpoints
        out=args.out or MODELS,
    )


def _config(args: argparse.Namespace) -> Path:
    path: Path = args.config or CONFIGS / "training" / f"{args.what}.yaml"
    return path


def _parser(root: Path) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_sim.py train",
        description="Train a model from scratch: record data on training seeds, train, evaluate on "
        "validation seeds, and write the weights and their card to drive_stack/models/. Data "
        "that is already recorded is used again.",
        allow_abbrev=False,
    )
    parser.add_argument("what", choices=("detector", "lanes", "policy"), help="model to train")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="training configuration (default: configs/training/MODEL.yaml)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a value of the training configuration; can be repeated",
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=root / "runs",
        metavar="DIR",
        help="folder of recorded data, checkpoints and logs (default: runs)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the weights and their card (default: drive_stack/models)",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue from the last checkpoint (detector and lanes; training the policy always continues)",
    )
    return parser
