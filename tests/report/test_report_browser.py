"""The report in a browser: drawn, linked, used with the keyboard, and printed on two pages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from report_runs import write_clips, write_run
from synthetic_rows import drives

from drive_stack.evaluation.abilities.assignment import SCENARIOS
from drive_stack.report.page import write_report
from drive_stack.report.runs import read_runs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium to render with"),
]
HARD = (
    "dense_traffic[conditions.weather={rain: 1}; conditions.light={night: 1}]",
    "curves[conditions.weather={fog: 1}]",
    "stationary_lead[conditions.light={night: 1}]",
)

DRAWN = """
  document.querySelectorAll("details").forEach(folded => { folded.open = true; });
  const page = document.scrollingElement, seen = document.querySelectorAll("figure svg");
  check(page.scrollWidth <= innerWidth + 1, "wider than the window: " + page.scrollWidth);
  check(seen.length === 6, "plots: " + seen.length);
  seen.forEach(one => {
    const box = one.getBoundingClientRect(), of = one.getAttribute("aria-label");
    check(box.width > 200 && box.height > 40 && one.querySelectorAll("path").length > 4, "empty: " + of);
    one.querySelectorAll("use").forEach(use => {
      const to = use.getAttribute("xlink:href") || use.getAttribute("href");
      check(one.querySelector("[id='" + to.slice(1) + "']"), "dangling: " + to);
    });
  });
  const links = document.querySelectorAll("a[href^='#']");
  check(links.length > 15, "links: " + links.length);
  links.forEach(link => {
    link.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}));
    const to = document.querySelector(link.getAttribute("href"));
    check(to && document.querySelector(":target") === to, "leads nowhere: " + link.getAttribute("href"));
    check(to && !to.hidden, "leads to something hidden: " + link.getAttribute("href"));
  });
  for (const video of document.querySelectorAll("video")) {
    const image = new Image();
    image.src = video.poster;
    await image.decode().catch(() => check(false, "no poster"));
  }
"""
USED = """
  const items = [...document.querySelectorAll("[data-keys]")], shown = () => items.filter(one => !one.hidden);
  const all = items.length, form = document.querySelector("form.filters");
  const cell = document.querySelector("a[data-driver='b'][data-course='scenario:cut_in']");
  cell.click();
  check(shown().length === 4, "of the cell: " + shown().length);  // two failures, each a card and a row
  const chosen = one => one.dataset.driver === "b" && one.dataset.keys.includes("scenario:cut_in");
  check(shown().every(chosen), "others");
  check(form.querySelector("output").value === "2 of 5 failures", form.querySelector("output").value);
  form.querySelector("button[type=reset]").click();
  await new Promise(done => setTimeout(done, 50));
  check(shown().length === all, "after the reset: " + shown().length);
  form.elements.outcome.value = "the driver failed";
  form.dispatchEvent(new Event("input"));
  check(shown().length === 2, "of the outcome: " + shown().length);
  form.reset();

  const tip = document.getElementById("tip");
  cell.dispatchEvent(new FocusEvent("focusin", {bubbles: true}));
  const expected = "cut_in: 2 of 4 successful\\nseed 100000: hit";
  check(!tip.hidden && tip.textContent.includes(expected), tip.textContent);
  check(cell.getAttribute("aria-description") === tip.textContent, "no description");
  document.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape"}));
  check(tip.hidden, "the tip stays");
  const dot = document.querySelector("a.dot");
  dot.dispatchEvent(new PointerEvent("pointerenter"));
  check(!tip.hidden && /seed 10000\\d. a: /.test(tip.textContent), "of a dot: " + tip.textContent);

  const table = document.querySelector("#failures-table table"), heading = table.tHead.rows[0].cells[2];
  const seeds = () => [...table.tBodies[0].rows].map(row => Number(row.cells[2].textContent));
  heading.querySelector("button").click();
  check(heading.getAttribute("aria-sort") === "ascending", "aria-sort");
  check(seeds().every((seed, index, all) => !index || all[index - 1] <= seed), "rising: " + seeds());
  heading.querySelector("button").click();
  check(seeds().every((seed, index, all) => !index || all[index - 1] >= seed), "falling: " + seeds());

  const pair = document.querySelector(".pair"), [one, other] = pair.querySelectorAll("video");
  const slider = pair.querySelector("input"), clock = pair.querySelector("output");
  for (let wait = 0; wait < 60 && Number(slider.max) <= 1; wait++) {
    await new Promise(done => setTimeout(done, 50));
  }
  check(!pair.querySelector(".player").hidden && !one.controls, "no common controls");
  check(Math.abs(Number(slider.max) - 4) < 0.2, "length: " + slider.max);
  slider.value = "1.0";
  slider.dispatchEvent(new Event("input"));
  check(Math.abs(one.currentTime - 1) < 0.01 && Math.abs(other.currentTime - 1) < 0.01, "not together");
  check(clock.value === "1.0 s before the failure", clock.value);  // a film of 4 s, the last 2 s after it
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    rows = drives("a", "cruise", "....") + drives("a", "cut_in", "...x")
    rows += drives("b", "cruise", "..ex") + drives("b", "cut_in", "xx..")
    run = write_run(tmp_path / "run", rows)
    write_clips(run, images=40)
    target = tmp_path / "page.html"
    write_report(read_runs([run]), target)
    return target


def chromium(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    browser = subprocess.run(
        [
            *("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            *("--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'profile'}", *options),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in browser.stderr
    return browser


def problems(page: Path, steps: str, width: int, tmp_path: Path) -> list[str]:
    """What is wrong after the steps (JavaScript), in a window of this width."""
    script = f"""<script>
const wrong = [];
const check = (holds, text) => {{ if (!holds) wrong.push(text); }};
window.addEventListener("error", event => wrong.push("error: " + event.message));
window.addEventListener("load", async () => {{
  try {{ {steps} }} catch (error) {{ wrong.push("exception: " + error); }}
  document.title = JSON.stringify({{width: innerWidth, wrong}});
}});
</script></head>"""
    page.write_text(page.read_text(encoding="utf-8").replace("</head>", script, 1), encoding="utf-8")
    # a window cannot be narrower than 500 pixels, but a frame can
    outer = tmp_path / "outer.html"
    outer.write_text(
        f'<iframe src="{page.name}" style="width: {width}px; height: 800px; border: 0"></iframe><script>'
        "setInterval(() => { document.title = frames[0].document.title }, 50)</script>",
        encoding="utf-8",
    )
    options = ("--window-size=1300,900", "--virtual-time-budget=20000", "--dump-dom", outer.as_uri())
    printed = chromium(tmp_path, *options).stdout
    title = re.search(r"<title>(\{.*?\})</title>", printed)
    assert title is not None, printed[:500]
    result = json.loads(title[1].replace("&amp;", "&").replace("&gt;", ">").replace("&lt;", "<"))
    assert result["width"] == width
    return list(result["wrong"])


@pytest.mark.parametrize("width", [390, 1200])
def test_every_plot_is_drawn_and_every_link_resolves(page: Path, width: int, tmp_path: Path) -> None:
    assert problems(page, DRAWN, width, tmp_path) == []


def test_failures_are_filtered_tables_sorted_and_films_play_together(page: Path, tmp_path: Path) -> None:
    assert problems(page, USED, 1200, tmp_path) == []


def test_a_report_of_the_standard_suite_is_printed_on_two_pages(tmp_path: Path) -> None:
    names = [*(name for own in SCENARIOS.values() for name in own), *HARD]
    outcomes = {"expert": "." * 10, "modular": ".........x", "end_to_end": "..xx.e...."}
    rows = [row for label, own in outcomes.items() for name in names for row in drives(label, name, own)]
    run = write_run(tmp_path / "run", rows)
    write_clips(run)
    target = tmp_path / "page.html"
    write_report(read_runs([run]), target)
    assert target.read_text(encoding="utf-8").count('class="pair"') == 3
    printed = tmp_path / "page.pdf"
    chromium(tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={printed}", target.as_uri())
    assert len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes())) == 2
