"""Conversion of a rollout to frames for the viewer."""

from __future__ import annotations

from collections.abc import Mapping

from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.rollout import Moment, Rollout
from drive_stack.objects.classes import contact_name
from drive_stack.viewer.records import ViewFrame


def view_of(env: DrivingEnv, rollout: Rollout, moment: Moment, count: tuple[int, int]) -> ViewFrame:
    """The frame of a moment; ``count`` is the number of the episode (from 1) and the number of episodes."""
    episode = rollout.episode
    return ViewFrame(
        observation=moment.observation,
        state=moment.state,
        camera_model=env.platform.camera,
        agent_name=episode.agent,
        scenario=episode.scenario,
        seed=episode.seed,
        trace=moment.trace,
        score=score_lines(rollout),
        episode=count[0],
        episodes=count[1],
        privileged=episode.privileged,
        outcome=rollout.status.value if rollout.done else None,
    )


def score_lines(rollout: Rollout) -> Mapping[str, str]:
    """The score so far: label → text for the screen."""
    log = rollout.log
    lines = {
        "Progress": f"{100.0 * log.route_completion:.0f} %",
        "Distance": f"{log.distance:.0f} m",
        "Time": f"{log.time[-1] - log.time[0]:.1f} s",
        "Least TTC": "–" if log.min_ttc is None else f"{log.min_ttc:.1f} s",
        "Driving score": f"{rollout.driving_score:.0f}",
    }
    if log.contacts:
        contact, verdict = log.contacts[0]
        lines["Hit"] = f"{contact_name(contact)}, {'at fault' if verdict.at_fault else 'not at fault'}"
    return lines
