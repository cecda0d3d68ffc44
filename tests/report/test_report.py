"""The report page: its content, its notes on what is left out, and its rendering in a browser."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path

import cv2
import numpy as np
import pytest
from markupsafe import escape
from report_runs import write_clips, write_run, write_video
from synthetic_rows import drives, row

from agents.registry import agent_names
from drive_stack.app.parsers import drive, evaluate
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.offline import OfflineErrors
from drive_stack.evaluation.run_facts import Driver, RunFacts, write_facts
from drive_stack.evaluation.suite import load_suite
from drive_stack.report.clip_videos import POSTER_BEFORE, read_video
from drive_stack.report.clips.clip_recorder import HOLD
from drive_stack.report.clips.last_moment import LastMoment, NearbyActor
from drive_stack.report.gallery import MAX_VIDEOS
from drive_stack.report.inside_files import OfflineFile
from drive_stack.report.page import render
from drive_stack.report.runs import read_runs
from envs.scenarios.scenario import load_scenario

PERCEPTION = {
    "episodes": [{"scenario": "cruise", "seed": 1, "privileged": False}],
    "tables": [
        {
            "title": "Lifting",
            "note": "Single detections.",
            "columns": ["class", "distance [m]", "detections", "range error: median [%]"],
            "rows": [["all", "0–60", 90, 2.0], ["car", "0–20", 40, 1.5], ["car", "20–40", 50, None]],
        },
        {"title": "Control", "note": "", "columns": ["age of the plan [s]"], "rows": [[0.5]]},
        {"title": "Computing time", "note": "", "columns": ["stage", "steps"], "rows": [["lanes", 3]]},
    ],
}
MOMENT = LastMoment(
    time_s=12.3,
    speed_mps=20.0,
    speed_limit_mps=25.0,
    steering_deg=0.5,
    acceleration_mps2=-6.0,
    behaviour="emergency",
    reason="no gap left",
    tracks=3,
    near=(NearbyActor(what="vehicle", ahead_m=-1.4, left_m=2.5, speed_mps=15.0),),
    hit=None,
    grade_percent=-3.25,
)


def page(path: Path, rows: Sequence[Row]) -> str:
    return render(read_runs([write_run(path, rows)]))


def text_of(html: str) -> str:
    """The text of the page."""
    html = re.sub(r"<(style|svg).*?</\1>", "", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with two drivers, a video of one failure, and stage tables."""
    rows = drives("modular", "cruise", "....") + drives("modular", "cut_in", "...x")
    rows += drives("end_to_end", "cruise", "..xx") + drives("end_to_end", "cut_in", "xx.e")
    path = write_run(tmp_path / "run", rows)
    clips = path / "clips"
    clips.mkdir()
    write_video(clips / "modular-cut_in-100003.mp4")
    (clips / "modular-cut_in-100003.json").write_text(MOMENT.model_dump_json(), encoding="utf-8")
    (path / "perception.json").write_text(json.dumps(PERCEPTION), encoding="utf-8")
    return path


def test_a_failure_is_shown_with_its_last_moment_and_the_command_that_repeats_it(run: Path) -> None:
    page_text = text_of(render(read_runs([run])))
    assert "Videos of 1 of 6 failures" in page_text
    assert "python run_sim.py --agent modular --scenario cut_in --seed 100003" in page_text
    assert str(run) not in page_text  # the page may be read where the run is not
    assert (
        "vehicle 1.4 m behind, 2.5 m to the left" in page_text
        and "72 km/h (limit 90 km/h)" in page_text
        and "12.3 s" in page_text
    )
    assert "grade 3.2 % downhill" in page_text
    assert "emergency: no gap left" in page_text and "3 road users" in page_text
    assert "the driver failed: ValueError: no &lt;image&gt; &amp; no lanes" in page_text


COURSE = "stationary_lead[conditions.light={night: 1}; conditions.weather={rain: 1}]"


def test_commands_of_the_page_can_be_pasted_into_a_shell_in_a_clone(tmp_path: Path) -> None:
    """They can be parsed; their agents and scenarios exist, and they name no file of the run."""
    rows = drives("expert", COURSE, "..") + drives("modular", COURSE, ".x") + drives("own", COURSE, "x.")
    run = write_run(tmp_path / "my run", rows)
    drivers = {
        "expert": Driver(agent="expert"),
        "modular": Driver(agent="modular", overrides=("perception.detector=oracle",)),
        "own": Driver(agent="constant"),
    }
    write_facts(
        run, RunFacts(suite="standard", scenarios=(COURSE,), first_seed=100_000, seeds=2, drivers=drivers)
    )
    write_clips(run)
    html = render(read_runs([run]))
    commands = [shlex.split(unescape(command)) for command in re.findall(r"python run_sim\.py [^<]*", html)]
    assert len(commands) == 5
    drives_of_page = []
    for program, script, *arguments in commands:
        assert (program, script) == ("python", "run_sim.py")
        if arguments[0] == "evaluate":
            options = evaluate.make_parser().parse_args(arguments[1:])
            assert load_suite(options.suite).name == "standard" and options.seeds == "100000:100002"
            assert options.agent == ["modular", "constant"]
            assert options.set == ["modular:perception.detector=oracle"]
        else:
            options = drive.make_parser().parse_args(arguments)
            assert load_scenario(options.scenario).world_name == load_scenario(COURSE).world_name
            assert set(options.agent) <= set(agent_names())
            drives_of_page.append((options.agent, options.seed, options.set))
    assert drives_of_page == [
        (["modular", "expert"], 100_001, ["modular:perception.detector=oracle"]),  # next to each other
        (["constant", "expert"], 100_000, []),
        (["modular"], 100_001, ["perception.detector=oracle"]),
        (["constant"], 100_000, []),
    ]
    with pytest.raises(SystemExit):
        drive.make_parser().parse_args(["--no-such-option"])  # the parser refuses what it does not know
    assert "my run" not in re.sub(r"<li>my run[^<]*</li>", "", html)


def test_a_command_that_needs_more_than_a_clone_says_so(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", drives("own", "cut_in", "x") + drives("b", "cut_in", "."))
    drivers = {"own": Driver(agent="examples/mine.yaml"), "b": Driver(agent="constant")}
    write_facts(run, RunFacts(suite="x", scenarios=("cut_in",), first_seed=100_000, seeds=1, drivers=drivers))
    write_clips(run)
    assert text_of(render(read_runs([run]))).count("The command needs the driver examples/mine.yaml.") == 2


def test_a_truncated_video_is_left_out_but_its_failure_is_listed(run: Path) -> None:
    path = run / "clips" / "modular-cut_in-100003.mp4"
    path.write_bytes(path.read_bytes()[:300])
    assert read_video(path) is None
    html = render(read_runs([run]))
    assert "<video" not in html and "modular cut_in 100003" in text_of(html)


def test_the_poster_is_the_image_shortly_before_the_failure(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", images=46)  # levels 0, 5, 10 … 225 at 10 images per second
    video = read_video(tmp_path / "a.mp4")
    assert video is not None
    image = cv2.imdecode(np.frombuffer(b64decode(video.poster), dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    before = 45 - round(10 * (HOLD + POSTER_BEFORE))  # index of the image; the end is shown for HOLD
    assert image.mean() == pytest.approx(5 * before, abs=4)
    assert read_video(tmp_path / "none.mp4") is None


def test_a_short_video_has_its_first_image_as_poster(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", images=3)
    video = read_video(tmp_path / "a.mp4")
    assert video is not None
    image = cv2.imdecode(np.frombuffer(b64decode(video.poster), dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image.mean() < 5


def test_the_number_of_videos_is_limited_and_all_failures_are_listed(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", drives("modular", "cruise", "x" * (MAX_VIDEOS + 3)))
    (run / "clips").mkdir()
    for index in range(MAX_VIDEOS + 3):
        write_video(run / "clips" / f"modular-cruise-{100_000 + index}.mp4")
    html = render(read_runs([run]))
    assert html.count("<video") == MAX_VIDEOS
    assert (
        html.count('href="#failure-') == MAX_VIDEOS
        and text_of(html).count("modular cruise 1000") == MAX_VIDEOS + 3
    )


def test_stage_tables_are_shown_except_computing_times(run: Path) -> None:
    html = render(read_runs([run]))
    page_text = text_of(html)
    assert "Lifting (run: 1 episodes of 1 scenarios). Single detections." in page_text
    assert "car 0–20 40 1.50" in page_text and "car 20–40 50 –" in page_text
    assert "Control (" in page_text and "lanes 3" not in page_text
    assert html.count("median range error by distance") == 2  # alt text and title


def test_offline_errors_are_shown_with_the_policy_s_successes(run: Path) -> None:
    errors = [
        OfflineErrors("cruise", 1, 100, 0.1, 0.2, 0, None),
        OfflineErrors("cut_in", 1, 300, 0.5, 1.0, 30, 2.5),
    ]
    content = OfflineFile(label="end_to_end", episodes=tuple(errors))
    (run / "offline-end_to_end.json").write_text(content.model_dump_json(), encoding="utf-8")
    page_text = text_of(render(read_runs([run])))
    assert "end_to_end all 0.400 0.800 2.50 3 of 8" in page_text  # means over steps
    assert (
        "end_to_end cruise 0.100 0.200 – 2 of 4" in page_text
        and "end_to_end cut_in 0.500 1.000 2.50 1 of 4" in page_text
    )
    (run / "offline-end_to_end.json").write_text("{", encoding="utf-8")
    html = render(read_runs([run]))
    assert 'id="offline"' not in html and "offline-end_to_end.json: Invalid JSON" in text_of(html)


@pytest.mark.parametrize("content", ["{", '{"episodes": 3}', "[]", '{"episodes": [], "tables": [{}]}'])
def test_stage_tables_that_cannot_be_read_are_left_out_with_a_note(run: Path, content: str) -> None:
    (run / "perception.json").write_text(content, encoding="utf-8")
    html = render(read_runs([run]))
    assert 'id="perception"' not in html and "#perception" not in html
    assert f"{run / 'perception.json'}: " in text_of(html)


def test_habits_that_were_not_measured_are_not_shown_as_zero(tmp_path: Path) -> None:
    old = [
        replace(row_of_a, result=replace(row_of_a.result, speeds_mps=()))
        for row_of_a in drives("a", "cruise", "..")
    ]
    assert "autonomy [%] a 0.0 – 0.00 – – – –" in text_of(page(tmp_path / "old", old))
    new = text_of(page(tmp_path / "new", drives("a", "cruise", "..")))
    assert "autonomy [%] a 0.0 – 0.00 – 0.00 0.00 100.0" in new


def test_an_episode_in_which_nothing_was_driven_does_not_count_as_safe(tmp_path: Path) -> None:
    lost = row("a", "cruise", 100_009, "failed")
    lost = replace(lost, result=replace(lost.result, duration_s=0.0, min_ttc_s=None))
    rows = [*drives("a", "cruise", "x"), lost]
    assert "autonomy [%] a 100.0" in text_of(
        page(tmp_path / "run", rows)
    )  # episodes with minimum TTC below the bound


@pytest.mark.parametrize("name", ['<b>&"x', "a$b$c", "agents/own.yaml"])
def test_any_driver_name_is_escaped(name: str, tmp_path: Path) -> None:
    html = page(tmp_path / "run", drives(name, "cruise", ".x") + drives("b", "cruise", "x."))
    assert "<b>" not in html
    for attribute in re.findall(r'aria-label="([^"]*)"', html):
        assert "<" not in attribute
    assert str(escape(name)) in html  # in tables, as it stands
    drawn = "".join(re.findall(r"<text[^>]*>[^<]*</text>", html))
    assert name in unescape(drawn)  # in legends


def test_headings_go_down_a_step_at_a_time_and_tables_have_captions(run: Path) -> None:
    html = render(read_runs([run]))
    levels = [int(level) for level in re.findall(r"<h(\d)", html)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert html.count("<table") == html.count("<caption>") > 4
    assert all("aria-label" in tag and 'role="' in tag for tag in re.findall(r"<svg[^>]*>", html))


def test_each_dot_names_its_course_and_leads_to_the_film_of_its_failure(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", drives("a", "cut_in", "..x") + drives("b", "cut_in", ".xx"))
    write_clips(run)
    html = render(read_runs([run]))
    dots = re.findall(r'<(a|g) class="dot"(?: href="#([^"]*)")?[^>]*><title>([^<]*)</title>', html)
    hit = "hit the vehicle with its front, 36 km/h"
    assert dots == [
        ("g", "", "cut_in, seed 100000. a: completed; b: completed"),
        ("a", "failure-2", f"cut_in, seed 100001. a: completed; b: {hit}"),
        ("a", "failure-3", f"cut_in, seed 100002. a: {hit}; b: {hit}"),
    ]
    assert '"dot:' not in html and "_blank" not in html
    titles = re.findall(r'id="(failure-\d)".*?<h3>([^<]*)</h3>', html, flags=re.S)
    assert titles[1] == ("failure-2", "b: cut_in, seed 100001")
