"""Makes the drivers of a film and their worlds."""

from __future__ import annotations

from functools import partial

from drive_stack.app.episodes import Factories
from drive_stack.app.wiring import Wiring
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.interfaces import Agent
from drive_stack.lesson.plan import FilmDriver


def film_factories(driver: FilmDriver, wiring: Wiring) -> Factories:
    """How to make a driver of a film, and its world with a camera."""
    return Factories(
        env=lambda scenario: DrivingEnv(EnvSpec(scenario)), agent=partial(_build_agent, driver, wiring)
    )


def _build_agent(driver: FilmDriver, wiring: Wiring, env: DrivingEnv) -> Agent:
    return wiring.batch.build_agent(
        driver.agent, env.platform, oracles=env.oracles, truth=env.truth, overrides=driver.overrides
    )
