"""``run_sim.py convert``: a scenario file from an OpenSCENARIO XML file."""

from __future__ import annotations

import argparse
import sys

from drive_stack.app.wiring import Wiring
from drive_stack.errors import ConfigError
from drive_stack.support.atomic_files import write_atomically
from drive_stack.support.atomic_folders import check_absent

SUFFIXES = (".yaml", ".yml")


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Write the scenario file and print what it lacks; returns the exit status."""
    if args.out.suffix not in SUFFIXES:
        raise ConfigError(f"--out {args.out}: must end with .yaml, as scenario files do")
    check_absent(args.out)
    converted = wiring.convert_scenario(args.file)
    write_atomically(args.out, converted.text)
    for note in converted.notes:
        print(f"not carried over: {note}", file=sys.stderr)
    print(args.out)
    return 0
