"""What the lesson knows of a film: captions with the film's own times, and none that give an answer away."""

from __future__ import annotations

import pytest
from narrated_drives import CRASHED, DONE, braking, log_of, step

from drive_stack.app.commands.site.filming import film_facts
from drive_stack.app.race import RaceResult
from drive_stack.evaluation.race import race_verdict
from drive_stack.lesson.films import FilmFacts
from drive_stack.lesson.plan import FilmDriver, FilmSpec, Section

DT = 0.5  # between two steps of the drives below [s]
CAREFUL = (
    *(step(0.0, 150.0), step(0.0, 150.0), step(0.5, 140.0, sees=True), step(1.0, 130.0, sees=True)),
    *(step(1.5, 120.0, says=braking(-3.0), sees=True), step(2.0, 110.0, speed=17.0, sees=True)),
    step(2.5, -30.0, outcome="completed"),
)
BLIND = (
    *(step(0.0, 150.0), step(0.0, 150.0), step(0.5, 80.0)),
    step(1.0, 0.1, hits=True, outcome="collision"),
)


def facts_of(section: Section) -> FilmFacts:
    drivers = FilmDriver(agent="pipeline"), FilmDriver(agent="network")
    spec = FilmSpec(
        name="a",
        section=section,
        drivers=drivers,
        scenario="cut_in",
        seed=7,
        title="A",
        caption="Watch.",
    )
    results = DONE, CRASHED
    race = RaceResult(results, race_verdict(("pipeline", "network"), results))
    return film_facts(spec, log_of(CAREFUL, BLIND), race, DT, {"network: a.onnx": "abc"})


def test_captions_of_a_race_have_the_times_of_the_film() -> None:
    facts = facts_of(Section.RACE)
    assert (facts.captions[0].start_s, facts.captions[0].text) == (DT, "Watch.")
    # the film shows the start twice, once before and once after the drivers have acted
    assert (1.0, "pipeline: Detects the vehicle, 140 m ahead") in [
        (one.start_s, one.text) for one in facts.captions
    ]
    assert facts.seconds == 6 * DT + 3.0 and facts.weights == {"network: a.onnx": "abc"}


def test_where_the_visitor_judges_no_caption_comes_before_the_answer() -> None:
    facts = facts_of(Section.JUDGE)
    # the first speed that is more than 2 m/s² · 0.5 s lower than the one before is that of step 5
    assert facts.brakes_s == (4 * DT, None) and facts.answer_s == pytest.approx(2.0)
    assert [one.text for one in facts.captions][:1] == ["Car A: Braking for car #3, 120 m ahead"]
    assert all(one.start_s >= 2.0 for one in facts.captions)
