"""The report in a browser: drawn, linked, used with the keyboard, and printed on two pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from browser import Visit, visit
from playwright.sync_api import Browser
from report_runs import write_clips, write_run
from synthetic_rows import drives

from drive_stack.evaluation.abilities.assignment import SCENARIOS
from drive_stack.report.page import write_report
from drive_stack.report.runs import read_runs

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
  slider.value = "0.4";
  slider.dispatchEvent(new Event("input"));
  check(Math.abs(one.currentTime - 0.4) < 0.01 && Math.abs(other.currentTime - 0.4) < 0.01, "not together");
  check(clock.value === "0.6 s before the failure", clock.value);  // a film of 4 s, the last 3 s after it
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    rows = drives("a", "cruise", "....") + drives("a", "cut_in", "...x")
    rows += drives("b", "cruise", "..ex") + drives("b", "cut_in", "xx..")
    run = write_run(folder / "run", rows)
    write_clips(run, images=40)
    write_report(read_runs([run]), folder / "page.html")
    return folder / "page.html"


def problems(seen: Visit, steps: str) -> Sequence[str]:
    """What is wrong after the steps (JavaScript)."""
    check = "const wrong = []; const check = (holds, text) => { if (!holds) wrong.push(text); };"
    found = seen.page.evaluate(f"async () => {{ {check} {steps} return wrong; }}")
    return [*map(str, found), *seen.problems, *seen.external]


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1200, "light")])
def test_every_plot_is_drawn_every_link_resolves_and_everybody_can_read_it(
    page: Path, browser: Browser, width: int, scheme: str
) -> None:
    with visit(browser, page, width=width, scheme=scheme) as seen:
        assert problems(seen, DRAWN) == []
        assert seen.violations() == []


def test_failures_are_filtered_tables_sorted_and_films_play_together(page: Path, browser: Browser) -> None:
    with visit(browser, page) as seen:
        assert problems(seen, USED) == []


def test_a_report_of_the_standard_suite_is_printed_on_two_pages(tmp_path: Path, browser: Browser) -> None:
    names = [*(name for own in SCENARIOS.values() for name in own), *HARD]
    outcomes = {"expert": "." * 10, "modular": ".........x", "end_to_end": "..xx.e...."}
    rows = [row for label, own in outcomes.items() for name in names for row in drives(label, name, own)]
    run = write_run(tmp_path / "run", rows)
    write_clips(run)
    target = tmp_path / "page.html"
    write_report(read_runs([run]), target)
    assert target.read_text(encoding="utf-8").count('class="pair"') == 3
    with visit(browser, target) as seen:
        printed = seen.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
