"""``run_sim.py train``: train the detector, the lane network, or one of the driving networks."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from drive_stack.app.wiring import Wiring
from drive_stack.support.atomic_files import make_folder
from drive_stack.support.layout import CONFIGS, MODELS, trained_folder


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Record the data, train, evaluate, and write weights and card; returns the exit status."""
    args.out = args.out or trained_folder()
    for folder in (args.work, args.out):
        make_folder(folder)
    train = {
        "detector": _train_detector,
        "lanes": _train_lanes,
        "policy": _train_policy,
        "mid_to_end": _train_mid_to_end,
        "affordances": _train_affordances,
    }
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
        out=args.out,
        figures=FigurePaths.in_folder(wiring.root / "docs" / "images") if args.out == MODELS else None,
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
        out=args.out,
        resume=args.resume,
    )


def _train_policy(args: argparse.Namespace, wiring: Wiring) -> Path:
    from drive_stack.app.commands.collect import collect_and_report  # noqa: PLC0415 - pyarrow is slow to import
    from drive_stack.learning.imitation.config import COMMAND  # noqa: PLC0415
    from drive_stack.learning.imitation.job import train_policy  # noqa: PLC0415

    config = _config(args)
    return train_policy(
        config,
        lambda spec: collect_and_report(spec, wiring.batch),
        overrides=args.set,
        recordings=_recordings(args),
        work=args.work / config.stem,  # another network shares the recordings, but not the checkpoints
        out=args.out,
        command=" ".join([COMMAND, *_policy_options(args)]),
    )


def _policy_options(args: argparse.Namespace) -> Iterator[str]:
    """What a card names of the command line; folders are the usual ones."""
    if args.config is not None:
        yield f"--config configs/training/{args.config.name}"
    if args.recordings is not None:
        yield "--recordings runs/data_scaling/pool"


def _train_mid_to_end(args: argparse.Namespace, wiring: Wiring) -> Path:
    from drive_stack.learning.mid_to_end.job import train_mid_to_end  # noqa: PLC0415 - torch is slow to import

    config = _config(args)
    return train_mid_to_end(
        config,
        wiring.perception,
        overrides=args.set,
        recordings=_recordings(args),
        work=args.work / config.stem,
        out=args.out,
        resume=args.resume,
    )


def _train_affordances(args: argparse.Namespace, wiring: Wiring) -> Path:  # noqa: ARG001 - as the others
    from drive_stack.learning.affordances.job import train_affordances  # noqa: PLC0415 - torch is slow to import

    config = _config(args)
    return train_affordances(
        config,
        overrides=args.set,
        recordings=_recordings(args),
        work=args.work / config.stem,
        out=args.out,
        resume=args.resume,
    )


def _recordings(args: argparse.Namespace) -> Path:
    folder: Path = args.recordings or args.work / "recordings"
    return folder


def _config(args: argparse.Namespace) -> Path:
    path: Path = args.config or CONFIGS / "training" / f"{args.what}.yaml"
    return path
