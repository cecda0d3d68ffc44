"""Records the films of the lesson: what the front cameras of one or two drivers see on the same course."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np

from drive_stack.app.episodes import EpisodeSpec, EpisodeStarter, Factories
from drive_stack.app.names import names_of
from drive_stack.app.wiring import Wiring
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.race import outcome_text, race_verdict
from drive_stack.evaluation.rollout import Rollout
from drive_stack.interfaces import Agent
from drive_stack.lesson.films import FilmFacts, braking_time, film_files
from drive_stack.lesson.plan import FilmDriver, FilmSpec, Section
from drive_stack.support.atomic_files import atomic_file, make_folder, write_atomically
from drive_stack.support.jpeg import encode
from drive_stack.types import Image
from drive_stack.viewer.video import Recorder

HOLD_S = 2.0  # for which the last image stays
QUALITY = 28  # x264's constant rate factor
_GAP = 4  # between two images [px]


def record_film(spec: FilmSpec, folder: Path, wiring: Wiring) -> FilmFacts:
    """Drive a film's course and write its video, its poster and, last, its facts.

    Raises:
        ConfigError: a driver or the scenario cannot be used, or a file cannot be written.
    """
    wiring.batch.scenario_facts(spec.scenario)
    make_folder(folder)
    video, poster, facts_file = film_files(spec.name, folder)
    facts_file.unlink(missing_ok=True)  # an old one would not describe the new video
    starters = [EpisodeStarter(_factories(driver, wiring)) for driver in spec.drivers]
    try:
        started = [starter.start(EpisodeSpec(spec.scenario, spec.seed)) for starter in starters]
        facts = _drive(spec, [rollout for _, rollout in started], started[0][0].platform.dt, video)
    finally:
        for starter in starters:
            starter.close()
    at = facts.pause_s if facts.pause_s is not None else facts.seconds / 2.0
    _write_poster(video, poster, round(at / started[0][0].platform.dt))
    write_atomically(facts_file, facts.model_dump_json(indent=2) + "\n")
    return facts


def _factories(driver: FilmDriver, wiring: Wiring) -> Factories:
    return Factories(
        env=lambda scenario: DrivingEnv(EnvSpec(scenario)), agent=partial(_build_agent, driver, wiring)
    )


def _build_agent(driver: FilmDriver, wiring: Wiring, env: DrivingEnv) -> Agent:
    return wiring.batch.build_agent(
        driver.agent, env.platform, oracles=env.oracles, truth=env.truth, overrides=driver.overrides
    )


def _drive(spec: FilmSpec, rollouts: Sequence[Rollout], dt: float, video: Path) -> FilmFacts:
    names = names_of([driver.agent for driver in spec.drivers])
    labels = [f"Car {letter}" for letter in "AB"] if spec.section is Section.JUDGE else names
    moments = [rollout.moment() for rollout in rollouts]
    speeds = [[moment.observation.speed] for moment in moments]
    frame = _frame(labels, [moment.observation.image for moment in moments], [own[-1] for own in speeds])
    with Recorder(video, (frame.shape[1], frame.shape[0]), dt, quality=QUALITY) as recorder:
        recorder.write(frame)
        while not all(rollout.done for rollout in rollouts):
            for index, rollout in enumerate(rollouts):
                if not rollout.done:
                    moments[index] = rollout.advance()
                    speeds[index].append(moments[index].observation.speed)
            images = [moment.observation.image for moment in moments]
            frame = _frame(labels, images, [own[-1] for own in speeds])
            recorder.write(frame)
        for _ in range(round(HOLD_S / dt)):
            recorder.write(frame)
    results = [rollout.result for rollout in rollouts]
    return FilmFacts(
        spec=spec,
        outcomes=tuple(map(outcome_text, results)),
        brakes_s=tuple(braking_time(own, dt) for own in speeds),
        seconds=max(map(len, speeds)) * dt + HOLD_S,
        verdict=race_verdict(names, results).text if len(results) > 1 else "",
    )


def _frame(labels: Sequence[str], images: Sequence[Image], speeds: Sequence[float]) -> Image:
    """Stack the images, each with its driver and its speed in the corner."""
    labelled = [
        _with_label(image, f"{label}   {3.6 * speed:.0f} km/h")
        for label, image, speed in zip(labels, images, speeds, strict=True)
    ]
    gap = np.zeros((_GAP, labelled[0].shape[1], 3), dtype=np.uint8)
    parts = [part for image in labelled for part in (gap, image)][1:]
    return np.concatenate(parts)


def _with_label(image: Image, text: str) -> Image:
    labelled = np.array(image)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.55, 1)
    labelled[: height + 14, : width + 16] //= 4
    cv2.putText(
        labelled, text, (8, height + 6), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (255, 255, 255), 1, cv2.LINE_AA
    )
    return labelled


def _write_poster(video: Path, poster: Path, index: int) -> None:
    """Write the image number ``index`` of a video, or its last one, as JPEG."""
    with av.open(str(video)) as container:
        *_, frame = islice(container.decode(video=0), index + 1)
        image = frame.to_ndarray(format="rgb24")
    with atomic_file(poster) as part:
        part.write_bytes(encode(image, 75, full_colour=False).tobytes())
