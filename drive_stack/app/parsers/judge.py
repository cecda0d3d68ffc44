"""The options of ``judge``."""

from __future__ import annotations

from drive_stack.app.options import (
    CommandParser,
    add_model_options,
)

HELP = """\
examples:
  python run_sim.py judge lanes                  on validation seeds
  python run_sim.py judge policy --on test       on test seeds: once, at the end
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "judge",
        description="Evaluate a shipped model on validation or test seeds and write the figures into its "
        "card in drive_stack/models/. Use test seeds only at the very end: nothing may be "
        "chosen by their figures.",
        epilog=HELP,
    )
    add_model_options(
        parser,
        ("detector", "lanes", "policy", "policy_plain", "affordances", "mid_to_end"),
        "evaluate",
        "recorded frames and drives; what is missing is recorded",
    )
    parser.add_argument(
        "--on", choices=("validation", "test"), default="validation", help="which seeds (default: validation)"
    )
    return parser
