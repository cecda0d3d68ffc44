"""Records the films of the lesson: what the front cameras of one or two drivers see on the same course."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import av

from drive_stack.app.episodes import EpisodeSpec
from drive_stack.app.films.drivers import film_factories
from drive_stack.app.films.stacked_cameras import StackedCameras
from drive_stack.app.names import names_of
from drive_stack.app.race import RaceResult, RaceSession
from drive_stack.app.wiring import Wiring
from drive_stack.errors import ConfigError
from drive_stack.evaluation.race import outcome_text
from drive_stack.lesson.films import FilmCaption, FilmFacts, braking_time, film_files
from drive_stack.lesson.plan import FilmSpec, Section
from drive_stack.narration.race_log import RaceLog
from drive_stack.narration.telling import Opening, narrate
from drive_stack.support.atomic_files import atomic_file, make_folder, write_atomically
from drive_stack.support.jpeg import encode
from drive_stack.viewer.interpolation.frames import race_between
from drive_stack.viewer.video import FPS, OUTCOME_SECONDS, FrameWriter, RecordedSession, Recorder

QUALITY = 28  # x264's constant rate factor
POSTER_BEFORE = 1.0  # the first drive ends; a film on which nobody judges shows this image at first [s]


def record_film(spec: FilmSpec, folder: Path, wiring: Wiring) -> FilmFacts:
    """Drive a film's course and write its video, its poster and, last, its facts.

    Raises:
        ConfigError: a driver or the scenario cannot be used, or a file cannot be written.
    """
    wiring.batch.scenario_facts(spec.scenario)
    make_folder(folder)
    video, poster, facts_file = film_files(spec.name, folder)
    facts_file.unlink(missing_ok=True)  # an old one would not describe the new video
    results: list[RaceResult] = []
    session = RaceSession(
        [film_factories(driver, wiring) for driver in spec.drivers],
        _names_of(spec),
        [EpisodeSpec(spec.scenario, spec.seed)],
        catalogue=wiring.batch.scenarios,
        on_result=results.append,
    )
    try:
        log = _drive(session, labels_of(spec), video)
        facts = film_facts(spec, log, results[0], session.dt, weights_of(spec, wiring) or {})
        first_end = min(map(len, log.drivers)) * session.dt
    finally:
        session.close()
    asked = facts.pause_s if spec.section is Section.JUDGE else None
    at = asked if asked is not None else first_end - POSTER_BEFORE
    _write_poster(video, poster, max(round(at * FPS), 0))
    write_atomically(facts_file, facts.model_dump_json(indent=2) + "\n")
    return facts


def labels_of(spec: FilmSpec) -> tuple[str, ...]:
    """What a film and its captions call the drivers; where the visitor judges, not by their names."""
    if spec.section is Section.JUDGE:
        return tuple(f"Car {letter}" for letter in "AB"[: len(spec.drivers)])
    return _names_of(spec)


def _names_of(spec: FilmSpec) -> tuple[str, ...]:
    return names_of([driver.agent for driver in spec.drivers])


def weights_of(spec: FilmSpec, wiring: Wiring) -> dict[str, str] | None:
    """SHA-256 of the networks of a film's drivers, by driver and file; None where one of them is missing."""
    try:
        found = [wiring.batch.agent_facts(driver.agent, driver.overrides).weights for driver in spec.drivers]
    except ConfigError:
        return None
    return {
        f"{label}: {file}": sha256
        for label, weights in zip(_names_of(spec), found, strict=True)
        for file, sha256 in sorted(weights.items())
    }


def film_facts(
    spec: FilmSpec, log: RaceLog, race: RaceResult, dt: float, weights: dict[str, str]
) -> FilmFacts:
    """What a film shows and what happened in it. Where the visitor judges, captions begin with the answer.

    A film shows the start for ``dt`` s, so its times are those of the drive and ``dt``.
    """
    speeds = [[step.state.ego.speed for step in steps] for steps in log.drivers]
    labels = labels_of(spec)
    narration = narrate(labels, log, race.results, race.verdict, Opening(spec.caption, ()))
    captions = tuple(
        FilmCaption(
            start_s=round(caption.elapsed + dt, 2),
            text=caption.text if caption.driver is None else f"{labels[caption.driver]}: {caption.text}",
        )
        for caption in narration.captions
    )
    facts = FilmFacts(
        spec=spec,
        outcomes=tuple(map(outcome_text, race.results)),
        brakes_s=tuple(braking_time(own, dt) for own in speeds),
        seconds=round((max(map(len, speeds)) - 1) * dt + OUTCOME_SECONDS, 3),
        verdict=race.verdict.text if len(race.results) > 1 else "",
        captions=captions,
        weights=weights,
    )
    answer = facts.answer_s
    if spec.section is not Section.JUDGE or answer is None:
        return facts
    shown = tuple(caption for caption in captions if caption.start_s >= answer)
    return facts.model_copy(update={"captions": shown})


def _drive(session: RaceSession, labels: Sequence[str], video: Path) -> RaceLog:
    """Drive to the end and record what the cameras see."""
    log = RaceLog()
    session.begin()
    model = session.reset().drivers[0].camera_model
    renderer = StackedCameras(labels, (model.width, model.height))
    with Recorder(video, renderer.size, 1.0 / FPS, quality=QUALITY) as recorder:
        recorded = RecordedSession(session, FrameWriter(recorder, renderer, race_between, session.dt))
        log.observe(recorded.reset())
        while not recorded.done:
            log.observe(recorded.step())
    return log


def _write_poster(video: Path, poster: Path, index: int) -> None:
    """Write the image number ``index`` of a video, or its last one, as JPEG."""
    with av.open(str(video)) as container:
        *_, frame = islice(container.decode(video=0), index + 1)
        image = frame.to_ndarray(format="rgb24")
    with atomic_file(poster) as part:
        part.write_bytes(encode(image, 75, full_colour=False).tobytes())
