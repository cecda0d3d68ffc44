"""The lesson: what it computes from rows, and the page in a browser, with synthetic rows of a study."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import visit
from playwright.sync_api import Browser
from simulated_study import END_TO_END, MODULAR, simulate
from synthetic_rows import drives

import run_sim
from drive_stack.app.commands.site.filming import weights_of
from drive_stack.errors import ConfigError
from drive_stack.evaluation.comparison import Comparison
from drive_stack.evaluation.shift_drops import shift_drops
from drive_stack.leaderboard.card import Costs, LeaderboardCard
from drive_stack.leaderboard.entries import FRONTIER, Entry, write_entry
from drive_stack.lesson.films import FilmCaption, FilmFacts, braking_time, film_files, read_film
from drive_stack.lesson.page import Lesson, render, write_page
from drive_stack.lesson.plan import FilmDriver, FilmSpec, Section, SitePlan, load_site_plan
from drive_stack.lesson.shift_figures import read_shifts, shift_families
from drive_stack.lesson.study_figures import StudyFigures, study_figures
from drive_stack.study.config import Phase, load_plan
from drive_stack.viewer.video import Recorder

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = load_plan()
# the simulated drives are on five test seeds
SHIPPED = DEFAULT.model_copy(
    update={"phase": Phase.FINAL, "courses": DEFAULT.courses.model_copy(update={"seeds": 5})}
)
PLAN = SHIPPED.model_copy(update={"analysis": SHIPPED.analysis.model_copy(update={"replicates": 60})})
SIZES = {1000: 2, 4000: 2, 16_000: 2, 64_000: 2}
FILM = FilmSpec(
    name="judge",
    section=Section.JUDGE,
    drivers=(FilmDriver(agent="modular"), FilmDriver(agent="constant")),
    scenario="cut_in",
    seed=100_000,
    title="A film",
    caption="Watch.",
)


@pytest.fixture(scope="module")
def figures() -> StudyFigures:
    found = study_figures(PLAN, *simulate({"modular": MODULAR, "end_to_end": END_TO_END}, trainings=SIZES))
    assert found is not None
    return found


def write_film(folder: Path, spec: FilmSpec, brakes: tuple[float | None, float | None]) -> FilmFacts:
    """Three seconds of grey, and what is said about them."""
    video, poster, facts_file = film_files(spec.name, folder)
    with Recorder(video, (64, 48)) as recorder:
        for level in range(30):
            recorder.write(np.full((48, 64, 3), 8 * level, dtype=np.uint8))
    poster.write_bytes(cv2.imencode(".jpg", np.full((48, 64, 3), 90, dtype=np.uint8))[1].tobytes())
    facts = FilmFacts(
        spec=spec,
        outcomes=("arrived", "hit a vehicle")[: len(spec.drivers)],
        brakes_s=brakes,
        seconds=3.0,
        verdict="modular wins",
        captions=(
            FilmCaption(start_s=2.0, text="Car A brakes"),
            FilmCaption(start_s=2.5, text="Car A stands"),
        ),
    )
    facts_file.write_text(facts.model_dump_json(), encoding="utf-8")
    return facts


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory, figures: StudyFigures) -> Path:
    """The page with every section: the driver `network` fails on all courses of severity 2."""
    folder = tmp_path_factory.mktemp("lesson")
    (folder / "films").mkdir()
    data = dataclasses.asdict(figures)["arms"][0]["measured"]
    films = [write_film(folder / "films", FILM, (2.0, None))]
    for number in (0, 1):
        changes = {"name": f"data-{number}", "section": Section.DATA, "drivers": FILM.drivers[: number + 1]}
        spec = FILM.model_copy(update={**changes, "rows": data[number]["size"]})
        films.append(write_film(folder / "films", spec, (None, None)))
    rows = [
        dataclasses.replace(row, world="cut_in")  # twins share the world of their base
        for severity, outcomes in enumerate(["...", "..x", "xxx"])
        for row in drives("network", f"cut_in[shift=paint/{severity}]" if severity else "cut_in", outcomes)
    ]
    families = shift_families(shift_drops(Comparison(rows, ["network"])))
    return write_page(Lesson(PLAN, films, figures, families), folder)


def test_braking_begins_before_the_first_window_in_which_the_speed_falls() -> None:
    # 0.5 s at 20 m/s, then 4 m/s² for 1 s: the fall exceeds 2 m/s² · 0.5 s = 1 m/s from step 3 on
    speeds = [20.0] * 6 + [20.0 - 0.4 * step for step in range(1, 11)]
    assert braking_time(speeds, 0.1) == pytest.approx(0.3)
    assert braking_time([20.0 - 0.19 * step for step in range(30)], 0.1) is None
    assert braking_time([20.0, 10.0], 0.1) is None  # shorter than the window


def test_a_film_stops_a_second_before_the_first_driver_brakes(tmp_path: Path) -> None:
    assert write_film(tmp_path, FILM, (2.5, 4.0)).pause_s == 1.5
    assert write_film(tmp_path, FILM, (None, 0.4)).pause_s == 0.0
    assert write_film(tmp_path, FILM, (None, None)).pause_s is None


def test_only_films_that_were_recorded_as_planned_are_shown(tmp_path: Path) -> None:
    assert read_film(FILM, tmp_path) is None
    facts = write_film(tmp_path, FILM, (2.0, None))
    assert read_film(FILM, tmp_path) == facts
    captioned = FILM.model_copy(update={"caption": "Look."})
    assert read_film(captioned, tmp_path) == facts.model_copy(update={"spec": captioned})
    assert read_film(FILM.model_copy(update={"seed": 100_001}), tmp_path) is None
    film_files(FILM.name, tmp_path)[1].unlink()
    assert read_film(FILM, tmp_path) is None


def test_a_film_whose_drivers_have_other_networks_now_is_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, out = tmp_path / "site.yaml", tmp_path / "out"
    shown = SitePlan(tables=tmp_path / "none", shifted=tmp_path / "none", films=(FILM,))
    plan.write_text(shown.model_dump_json(), encoding="utf-8")
    (out / "films").mkdir(parents=True)
    facts = write_film(out / "films", FILM, (2.0, None))
    present = weights_of(FILM, run_sim.make_wiring())
    assert present is not None and all(name.startswith("modular: ") for name in present)
    for weights, noted in (({**present, "modular: lanes.onnx": "old"}, True), (present, False)):
        text = facts.model_copy(update={"weights": weights}).model_dump_json()
        film_files(FILM.name, out / "films")[2].write_text(text, encoding="utf-8")
        assert run_sim.main(["site", "--config", str(plan), "--out", str(out)]) == 0
        assert ("film judge: the networks of its drivers have changed" in capsys.readouterr().err) is noted


def test_figures_of_the_study_are_those_of_its_rows(figures: StudyFigures) -> None:
    rows, results = simulate({"modular": MODULAR, "end_to_end": END_TO_END}, trainings=SIZES)
    arm = figures.arms[0]
    assert (arm.name, [item.size for item in arm.measured]) == ("modular", list(SIZES))
    assert arm.measured[0].minutes == pytest.approx(1000 / 5 / 60)
    own = [drive.success for drive in results if drive.arm == "modular" and drive.size == 1000]
    assert arm.measured[0].success == pytest.approx(100.0 * np.mean(own), abs=0.05)
    assert arm.costs[3].core_hours == 3.4  # of `training_row`: 0.2 + 64,000 / 20,000
    assert arm.curve is not None and len(arm.curve.replicates) == 60
    assert arm.curve.rows[0] == 1000.0 and arm.curve.rows[-1] == 64_000.0
    assert "end to end overtakes modular" in figures.crossing
    assert study_figures(PLAN, rows[:1], results[:1]) is not None
    assert study_figures(PLAN, [], []) is None


def test_without_rows_the_page_says_what_has_not_been_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "site"
    assert (
        run_sim.main(["site", "--out", str(out), "--tables", str(tmp_path), "--shifted", str(tmp_path)]) == 0
    )
    text = (out / "index.html").read_text(encoding="utf-8")
    assert "has not been run yet" in text and '<input id="size"' not in text
    assert "have not driven the shifted courses yet" in text and 'id="calculator"' not in text
    assert "study: no rows; left out" in capsys.readouterr().err


def test_shifted_courses_come_from_entries_of_the_leaderboard(tmp_path: Path) -> None:
    rows = [
        row
        for severity, outcomes in enumerate(["..", ".x"])
        for row in drives("network", f"cut_in[shift=paint/{severity}]" if severity else "cut_in", outcomes)
    ]
    card = LeaderboardCard(name="network", date=datetime.date(2026, 11, 30))
    write_entry(tmp_path, Entry(card, {FRONTIER: tuple(rows)}))
    assert read_shifts(tmp_path, ["another"]) == ()
    (family,) = read_shifts(tmp_path, ["network", "another"])
    (driver,) = family.drivers
    found = [(own.severity, own.success) for own in driver.severities]
    assert (family.name, driver.label, found) == ("paint", "network", [(0, 100.0), (1, 50.0)])


def test_what_a_shipped_driver_learned_from_is_shown_as_far_as_it_is_known() -> None:
    costs = {"modular": Costs(weights=2_060_000, data_minutes=164.85, label_hours=None, core_hours=6.36)}
    text = render(Lesson(PLAN, costs=costs))
    assert "<td>2.06 million</td><td>165 min</td><td>–</td><td>6.4 core-hours</td>" in text
    assert "What the networks" not in render(Lesson(PLAN))


def test_a_plan_with_the_same_film_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    film = "{name: a, section: race, drivers: [{agent: x}], scenario: y, seed: 1, title: t, caption: c}"
    path.write_text(f"tables: a\nshifted: b\nfilms: [{film}, {film}]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="two films are named a"):
        load_site_plan(path)


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1200, "light")])
def test_everybody_can_read_the_page(lesson: Path, browser: Browser, width: int, scheme: str) -> None:
    with visit(browser, lesson, width=width, scheme=scheme) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert not seen.violations("best-practice")
    assert not seen.problems and not seen.external


def test_the_slider_moves_figures_marker_and_film(
    lesson: Path, browser: Browser, figures: StudyFigures
) -> None:
    with visit(browser, lesson) as seen:
        page = seen.page
        first = page.locator("#data .marker").get_attribute("x1")
        page.locator("#size").focus()
        page.keyboard.press("ArrowRight")
        assert page.locator("#size-text").text_content() == "13 minutes (4,000 rows)"
        own = figures.arms[0].measured[1]
        text = f"{own.success:.1f} % ({own.low:.1f} % to {own.high:.1f} %; 2 trainings)"
        assert page.locator(".at").first.text_content() == text
        assert page.locator("#data .marker").get_attribute("x1") != first
        assert page.locator(".data-film:visible").get_attribute("data-rows") == "4000"
        absent = page.locator("#between .missing").text_content()
        assert absent == "Not trained for the study yet: mid_to_end, affordances, end_to_end_plain."
        caption = page.locator(".data-film:visible figcaption").text_content() or ""
        assert "Above: modular, below: constant. modular: arrived. constant: hit a vehicle. " in caption
        # severity 2: no course succeeds; 1: two of three
        page.locator("#severity").fill("2")
        assert page.locator("#bars span").first.text_content().startswith("network: 0.0 %")
        page.locator("#severity").fill("1")
        assert page.locator("#bars span").first.text_content().startswith("network: 66.7 %")
    assert not seen.problems


def test_the_calculator_recommends_what_the_fits_say(
    lesson: Path, browser: Browser, figures: StudyFigures
) -> None:
    curves = [arm.curve for arm in figures.arms]
    assert curves[0] is not None and curves[1] is not None
    with visit(browser, lesson) as seen:

        def advice(minutes: float, labels: float, cores: float) -> str:
            for name, value in (("minutes", minutes), ("labels", labels), ("cores", cores)):
                seen.page.locator(f"[name={name}]").fill(str(value))
            return seen.page.locator("#advice").text_content() or ""

        # the smallest size is 3.3 minutes, and needs 2.2 h of labels (7 s for each of 1000 boxes, 5 s · 200)
        assert advice(3, 1000, 1000).startswith("This is less than the study's smallest training needs")
        assert advice(60, 2.2, 1000).startswith("This is less")
        assert advice(4, 1000, 1000).startswith("modular: ")
        best = advice(100_000, 10_000, 10_000)
        assert best.startswith(f"end_to_end: {curves[1].success[-1]:.1f} % success")
        assert "more data than the study measured" in best
        # 0.25 core-hours pay for the smallest training only
        few = advice(100_000, 10_000, 0.25)
        assert few.startswith(f"modular: {curves[0].success[0]:.1f} % success")
    assert not seen.problems


def test_the_judge_is_asked_before_anybody_brakes(lesson: Path, browser: Browser) -> None:
    with visit(browser, lesson) as seen:
        figure = seen.page.locator(".judge")
        figure.locator(".play").press("Enter")
        figure.locator(".answers").wait_for()
        assert figure.locator("video").evaluate("video => video.currentTime") == pytest.approx(1.0)
        assert figure.locator("video").evaluate("video => video.paused")
        assert figure.locator(".now").text_content() == ""  # no caption gives the answer away
        assert figure.locator(".story").is_hidden()
        figure.get_by_role("button", name="Car A").press("Enter")
        assert figure.locator(".verdict").text_content() == "Right: car A will brake."
        assert seen.page.locator("#score").text_content() == "1 of 1 right"
        seen.page.wait_for_function("document.querySelector('.judge video').ended")
        assert "Car A is modular, car B is constant." in (figure.locator(".verdict").text_content() or "")
        assert figure.locator(".now p").all_text_contents() == ["Car A brakes", "Car A stands"]
        assert figure.locator(".story").is_visible()
    assert not seen.problems


def test_the_committed_page_shows_its_films(browser: Browser) -> None:
    page_file = ROOT / "docs" / "site" / "index.html"
    size = sum(path.stat().st_size for path in page_file.parent.rglob("*") if path.is_file())
    assert size < 15_000_000
    with visit(browser, page_file, width=390) as seen:
        for video in seen.page.locator("video").all():
            played = "video => video.play().then(() => { video.pause(); return video.videoWidth; })"
            assert video.evaluate(played) >= 320
        assert not seen.violations("best-practice")
    assert not seen.problems and not seen.external
