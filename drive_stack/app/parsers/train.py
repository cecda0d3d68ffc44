"""The options of ``train``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import (
    CommandParser,
    add_model_options,
    add_set_option,
)

HELP = """\
examples:
  python run_sim.py train lanes                                  record, train, evaluate, install
  python run_sim.py train lanes --set epochs=1 --out runs/short  one epoch, without installing it
  python run_sim.py train detector --resume                      continue from the last checkpoint
  python run_sim.py train policy                                 record and train in rounds (DAgger)
  python run_sim.py train affordances --recordings runs/data_scaling/pool
      train from the drives that "study record" recorded
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "train",
        description="Train a model from scratch: record data on training seeds, train, evaluate on "
        "validation seeds, and write the weights and their card to drive_stack/models/ (with a wheel, "
        "to runs/models/). Data that is already recorded is used again.",
        epilog=HELP,
    )
    models = ("detector", "lanes", "policy", "mid_to_end", "affordances")
    add_model_options(parser, models, "train", "recorded data, checkpoints and logs")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="training configuration (default: configs/training/MODEL.yaml)",
    )
    add_set_option(parser, "the training configuration")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the weights and their card (default: drive_stack/models, with a wheel runs/models)",
    )
    parser.add_argument(
        "--recordings",
        type=Path,
        metavar="DIR",
        help="folder of the recordings from which policy, mid_to_end and affordances learn (default: "
        "recordings in --work)",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue from the last checkpoint (training the policy always continues)",
    )
    return parser
