"""Proposes courses: tree-structured Parzen estimators of Optuna, or uniformly at random.

The optimiser keeps nothing on disk. It is seeded, so that after a restart it proposes the same courses again,
and the rows of those that are driven answer for them.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Literal, get_args

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from drive_stack.falsification.course import Course
from drive_stack.falsification.space import Dimension, Interval
from drive_stack.scenario_keys import Value

Method = Literal["tpe", "random"]
METHODS: tuple[Method, ...] = get_args(Method)
START = 10  # courses that TPE draws at random before its model decides
_SEED = "seed"  # no key of a scenario has this name


class Optimiser:
    """Asks for the criticality of courses, and proposes more critical ones."""

    def __init__(
        self, method: Method, dimensions: Sequence[Dimension], seeds: Sequence[int], random_seed: int
    ) -> None:
        """Create an optimiser.

        Args:
            method: How courses are proposed.
            dimensions: The search space.
            seeds: The seeds of episodes that a course may have; they are categories without an order.
            random_seed: Of the optimiser's random draws.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._dimensions = dimensions
        self._distributions: dict[str, BaseDistribution] = {
            each.key: _distribution(each) for each in dimensions
        }
        self._distributions[_SEED] = CategoricalDistribution(tuple(seeds))
        self._study = optuna.create_study(direction="maximize", sampler=_sampler(method, random_seed))

    def ask(self, count: int) -> list[tuple[int, Course]]:
        """Propose courses, each with its number from 0; those not told yet count as bad."""
        proposed = []
        for _ in range(count):
            trial = self._study.ask(self._distributions)
            proposed.append((trial.number, self._course(trial.params)))
        return proposed

    def tell(self, number: int, value: float | None) -> None:
        """Say how critical a course was; None where nothing can be learned from it."""
        if value is None:
            self._study.tell(number, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(number, value)

    def _course(self, params: dict[str, object]) -> Course:
        values: dict[str, Value] = {}
        for dimension in self._dimensions:
            value = params[dimension.key]
            assert isinstance(value, str | int | float)
            if isinstance(dimension, Interval) and not isinstance(value, str):
                value = dimension.rounded(value)
            values[dimension.key] = value
        seed = params[_SEED]
        assert isinstance(seed, int)
        return Course(values, seed)


def _sampler(method: Method, random_seed: int) -> optuna.samplers.BaseSampler:
    if method == "random":
        return optuna.samplers.RandomSampler(seed=random_seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(
            seed=random_seed, n_startup_trials=START, multivariate=True, constant_liar=True
        )


def _distribution(dimension: Dimension) -> BaseDistribution:
    if not isinstance(dimension, Interval):
        return CategoricalDistribution(dimension.values)
    if dimension.whole:
        return IntDistribution(round(dimension.low), round(dimension.high))
    return FloatDistribution(dimension.low, dimension.high)
