"""The courses whose rows of the expert come with the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.config import unknown_name
from drive_stack.evaluation.suite import load_suite
from drive_stack.seeds import SeedSplit, seed_range


@dataclass(frozen=True, slots=True)
class ReferenceSet:
    """A suite, with its own seeds or with validation seeds."""

    name: str
    suite: str
    what: str
    validation: bool = False

    @property
    def seeds(self) -> range:
        """The seeds of each course."""
        suite = load_suite(self.suite)
        return seed_range(SeedSplit.VALIDATION.first if self.validation else suite.first_seed, suite.seeds)


SETS = (
    ReferenceSet("smoke", "smoke", "the suite smoke"),
    ReferenceSet("standard", "standard", "the suite standard, on test seeds"),
    ReferenceSet("frontier", "frontier", "the suite frontier, on test seeds"),
    ReferenceSet("validation", "catalogue", "the suite catalogue, on validation seeds", validation=True),
)


def sets_named(names: Sequence[str]) -> tuple[ReferenceSet, ...]:
    """Return the sets with these names, all of them for none; `ConfigError` for an unknown name."""
    known = [each.name for each in SETS]
    for name in names:
        if name not in known:
            raise unknown_name("set", name, known)
    return tuple(each for each in SETS if not names or each.name in names)
