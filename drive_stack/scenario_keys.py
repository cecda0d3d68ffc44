"""The keys of a scenario whose values can be varied, with what its model allows."""

from __future__ import annotations

from dataclasses import dataclass

Value = float | str  # of a key: a number, or the name of a weather, a light or a surface


@dataclass(frozen=True, slots=True)
class ScenarioKey:
    """A key of a scenario that holds a number, or weights of names such as ``conditions.light``.

    To set weights to a name means that nothing else is drawn.
    """

    key: str  # dotted, such as ``actors.0.gap``
    low: float = float("-inf")  # smallest and largest value that the scenario's model allows
    high: float = float("inf")
    whole: bool = False  # only whole numbers are allowed
    names: tuple[str, ...] = ()  # all names that can have a weight; empty for a number
    drawn: tuple[Value, ...] = ()  # what the scenario draws: its choices, else both ends of its range
    ranged: bool = False  # whether it draws from a range

    @property
    def is_drawn(self) -> bool:
        """Whether the scenario draws the value, so that seeds differ in it."""
        return len(set(self.drawn)) > 1
