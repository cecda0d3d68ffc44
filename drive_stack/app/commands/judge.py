"""``run_sim.py judge``: evaluate a shipped model on frames and drives that training never used."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from drive_stack.app.wiring import Wiring
from drive_stack.config import load_model
from drive_stack.evaluation.batch.driving import DrivingOptions
from drive_stack.evaluation.suite import load_suite
from drive_stack.policy.affordance_network import WEIGHTS as AFFORDANCES
from drive_stack.policy.runner import PLAIN_TRUNK, TRUNK
from drive_stack.policy.track_policy import WEIGHTS as TRACK_POLICY
from drive_stack.seeds import SeedSplit
from drive_stack.support.layout import CONFIGS, MODELS

if TYPE_CHECKING:  # the packages of training are slow to import
    from drive_stack.evaluation.result import EpisodeResult
    from drive_stack.learning.detector.card_fields import CardScores
    from drive_stack.learning.lanes.card_fields import TestFigures, ValidationFigures
    from drive_stack.learning.training.closed_loop import ClosedLoopFigures

    # adds drives to the card of some weights; returns their figures
    AddDrives: TypeAlias = Callable[[Path, SeedSplit, Sequence[EpisodeResult]], ClosedLoopFigures]
    # completes a card; returns what it added
    Evaluation: TypeAlias = Callable[
        [argparse.Namespace, Wiring], CardScores | ValidationFigures | TestFigures | ClosedLoopFigures
    ]

# suite and seeds that a network drives; None stands for the suite's own seeds
SUITES: dict[SeedSplit, tuple[str, range | None]] = {
    SeedSplit.VALIDATION: ("catalogue", SeedSplit.VALIDATION.seeds[:10]),
    SeedSplit.TEST: ("standard", None),
}


@dataclass(frozen=True, slots=True)
class JudgedDriver:
    """An agent that is driven by one network of its own."""

    agent: str
    weights: Path
    card: Callable[[], AddDrives]  # imports what completes its card


def _policy_card() -> AddDrives:
    from drive_stack.learning.imitation.card import CARD  # noqa: PLC0415 - slow to import

    return CARD.add_drives


def _affordances_card() -> AddDrives:
    from drive_stack.learning.affordances.card import CARD  # noqa: PLC0415 - slow to import

    return CARD.add_drives


def _mid_to_end_card() -> AddDrives:
    from drive_stack.learning.mid_to_end.card import CARD  # noqa: PLC0415 - slow to import

    return CARD.add_drives


DRIVERS = {
    "policy": JudgedDriver("end_to_end", TRUNK, _policy_card),
    "policy_plain": JudgedDriver("end_to_end_plain", PLAIN_TRUNK, _policy_card),
    "affordances": JudgedDriver("affordances", AFFORDANCES, _affordances_card),
    "mid_to_end": JudgedDriver("mid_to_end", TRACK_POLICY, _mid_to_end_card),
}


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Evaluate a model on the catalogue's scenarios and complete its card; returns the exit status."""
    evaluate: dict[str, Evaluation] = {
        "detector": _evaluate_detector,
        "lanes": _evaluate_lanes,
        **dict.fromkeys(DRIVERS, _evaluate_driver),
    }
    scores = evaluate[args.what](args, wiring)
    print(json.dumps(scores, ensure_ascii=False, indent=1))
    return 0


def _evaluate_detector(args: argparse.Namespace, wiring: Wiring) -> CardScores:
    from drive_stack.learning.detector import validation  # noqa: PLC0415 - torch is slow to import
    from drive_stack.learning.detector.config import DetectorTraining  # noqa: PLC0415

    return validation.evaluate_detector(
        MODELS / "detector.int8.onnx",
        load_model(_config(args), DetectorTraining),
        wiring.batch.scenarios,
        args.work / "detector",
        SeedSplit(args.on),
        validation.FigurePaths.in_folder(wiring.root / "docs" / "images"),
    )


def _evaluate_lanes(args: argparse.Namespace, wiring: Wiring) -> ValidationFigures | TestFigures:
    from drive_stack.learning.lanes import job  # noqa: PLC0415 - torch is slow to import

    return job.evaluate_shipped_lanes(
        _config(args),
        wiring.batch.scenarios,
        weights=MODELS / "lanes.onnx",
        frames=args.work / "detector",
        split=SeedSplit(args.on),
    )


def _evaluate_driver(args: argparse.Namespace, wiring: Wiring) -> ClosedLoopFigures:
    from drive_stack.app.agent_evaluation import EvaluationSpec, evaluate_agents  # noqa: PLC0415 - pyarrow is slow to import

    suite, seeds = SUITES[SeedSplit(args.on)]
    driver = DRIVERS[args.what]
    spec = EvaluationSpec(
        folder=args.work / "evaluate" / f"{args.what}_{suite}",
        suite=load_suite(suite),
        agents=(driver.agent,),
        seeds=seeds,
        driving=DrivingOptions(workers=2),
    )
    results = evaluate_agents(spec, wiring.batch)
    return driver.card()(driver.weights, SeedSplit(args.on), results)


def _config(args: argparse.Namespace) -> Path:
    return CONFIGS / "training" / f"{args.what}.yaml"
