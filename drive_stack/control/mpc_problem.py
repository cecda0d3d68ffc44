"""The quadratic programme of the MPC, with a constant sparsity pattern and new values in every step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import osqp
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from drive_stack.control.mpc_model import BicycleModel
from drive_stack.types import FloatArray

IndexArray = NDArray[np.int64]

UNITS = np.array(
    [1.0, 0.05, 0.03]
)  # scales of lateral error [m], heading error and wheel angle [rad] in the solver
COMMAND = UNITS[2]
MAX_RESIDUAL = 2e-2  # of the constraints in an accepted solution, relative to the largest unknown or 1
USABLE = (
    osqp.SolverStatus.OSQP_SOLVED,
    osqp.SolverStatus.OSQP_SOLVED_INACCURATE,
    osqp.SolverStatus.OSQP_MAX_ITER_REACHED,
)


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the squared errors and of the squared moves u − δ at each instant."""

    lateral: FloatArray  # (N,) [1/m²]
    heading: FloatArray  # (N,) [1/rad²]
    move: FloatArray  # (N,) [1/rad²]


class SteeringProblem:
    """min Σ q_e·e² + q_ψ·ψ² + w·(u − δ)², subject to the model, |u| ≤ max_angle, |u − δ| ≤ max_lead.

    OSQP (Stellato et al. 2020) runs a fixed number of iterations with a fixed ρ and no scaling of its
    own. The solution therefore depends only on the inputs and on the last solution.
    """

    def __init__(self, steps: int, max_angle: float, max_lead: float, iterations: int) -> None:
        self._steps, self._max_angle, self._max_lead = steps, max_angle / COMMAND, max_lead / COMMAND
        self._cost = _Pattern(*_cost_pattern(steps), shape=(4 * steps, 4 * steps))
        self._rows = _Pattern(*_row_pattern(steps), shape=(5 * steps, 4 * steps))
        self._solver = osqp.OSQP()
        limits = np.concatenate([np.zeros(3 * steps), np.ones(2 * steps)])
        self._solver.setup(
            self._cost.matrix(np.ones(self._cost.count)),
            np.zeros(4 * steps),
            self._rows.matrix(np.ones(self._rows.count)),
            -limits,
            limits,
            verbose=False,
            scaling=0,
            adaptive_rho=0,
            rho=0.05,
            polishing=False,
            warm_starting=True,
            max_iter=iterations,
            check_termination=0,
        )
        self.reset()

    def reset(self) -> None:
        """Discard the last solution."""
        self._x, self._y = np.zeros(4 * self._steps), np.zeros(5 * self._steps)

    def solve(self, model: BicycleModel, weights: Weights) -> FloatArray | None:
        """Commands ``(N,)`` [rad]. Where there is no solution, None; the last solution is then discarded."""
        numbers = (*self._costs(model, weights), *self._constraints(model))
        if not all(np.isfinite(part).all() for part in numbers):
            self.reset()
            return None
        quadratic, linear, rows, lower, upper = numbers
        self._solver.update(
            q=linear, l=lower, u=upper, Px=self._cost.ordered(quadratic), Ax=self._rows.ordered(rows)
        )
        self._solver.warm_start(x=self._x, y=self._y)
        solution = self._solver.solve(raise_error=False)
        x, y = np.array(solution.x), np.array(solution.y)
        largest = max(1.0, float(np.abs(x).max()))
        if not (solution.info.status_val in USABLE and solution.info.prim_res <= MAX_RESIDUAL * largest):
            self.reset()
            return None
        self._store(x, y)
        return np.asarray(x[3 * self._steps :] * COMMAND, dtype=np.float64)

    def _store(self, x: FloatArray, y: FloatArray) -> None:
        """Store the solution, shifted by one step, as the start of the next one."""
        n = self._steps
        parts = (x[: 3 * n], x[3 * n :], y[: 3 * n], y[3 * n : 4 * n], y[4 * n :])
        states, commands, *multipliers = (
            np.concatenate([part[len(part) // n :], part[-(len(part) // n) :]]) for part in parts
        )
        self._x, self._y = np.concatenate([states, commands]), np.concatenate(multipliers)

    def _costs(self, model: BicycleModel, weights: Weights) -> tuple[FloatArray, FloatArray]:
        n, move = self._steps, weights.move * COMMAND**2
        next_move = np.append(move[1:], 0.0)  # the move of step k + 1 is made from the state after step k
        states = np.stack(
            [weights.lateral * UNITS[0] ** 2, weights.heading * UNITS[1] ** 2, next_move], axis=1
        )
        quadratic = 2.0 * np.concatenate([states.ravel(), move, -move[1:]])
        linear = np.zeros(4 * n)
        linear[3 * n] = -2.0 * move[0] * float(model.start[2]) / COMMAND
        return quadratic, linear

    def _constraints(self, model: BicycleModel) -> tuple[FloatArray, FloatArray, FloatArray]:
        n = self._steps
        a = model.a * UNITS[None, None, :] / UNITS[None, :, None]
        b, c = model.b * COMMAND / UNITS, model.c / UNITS
        start = model.start / UNITS
        rows = np.concatenate(
            [np.ones(3 * n), -a[1:].ravel(), -b.ravel(), np.ones(n), np.ones(n), -np.ones(n - 1)]
        )
        fixed = c.copy()
        fixed[0] += a[0] @ start
        angle, move = np.full(n, self._max_angle), np.full(n, self._max_lead)
        previous = np.zeros(n)
        previous[0] = start[2]
        lower = np.concatenate([fixed.ravel(), -angle, previous - move])
        upper = np.concatenate([fixed.ravel(), angle, previous + move])
        return rows, lower, upper


class _Pattern:
    """Positions of the entries of a sparse matrix."""

    def __init__(self, rows: IndexArray, columns: IndexArray, *, shape: tuple[int, int]) -> None:
        self._rows, self._columns, self._shape, self.count = rows, columns, shape, len(rows)
        self._order = np.lexsort((rows, columns))

    def ordered(self, values: FloatArray) -> FloatArray:
        """The values in the order of a compressed-column matrix."""
        return values[self._order]

    def matrix(self, values: FloatArray) -> csc_matrix:
        """The matrix with these values."""
        return csc_matrix((values, (self._rows, self._columns)), shape=self._shape)


def _cost_pattern(n: int) -> tuple[IndexArray, IndexArray]:
    """The diagonal, then the wheels after step k with the command of step k + 1 (upper triangle)."""
    diagonal, wheels = np.arange(4 * n), np.arange(2, 3 * (n - 1), 3)
    commands = np.arange(3 * n + 1, 4 * n)
    return np.concatenate([diagonal, wheels]), np.concatenate([diagonal, commands])


def _row_pattern(n: int) -> tuple[IndexArray, IndexArray]:
    """The dynamics, angle and rate rows, in the order of `SteeringProblem._constraints`."""
    states, commands = np.arange(3 * n), np.arange(3 * n, 4 * n)
    after = states[3:].reshape(n - 1, 3)
    before = states[:-3].reshape(n - 1, 3)
    rows = (
        states,
        np.repeat(after, 3, axis=1).ravel(),
        states,
        np.arange(3 * n, 4 * n),
        np.arange(4 * n, 5 * n),
        np.arange(4 * n + 1, 5 * n),
    )
    columns = (
        states,
        np.tile(before, (1, 3)).ravel(),
        np.repeat(commands, 3),
        commands,
        commands,
        before[:, 2],
    )
    return np.concatenate(rows), np.concatenate(columns)
