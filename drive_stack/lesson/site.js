"use strict";
const figures = JSON.parse(document.getElementById("figures").textContent);
const percent = (value) => `${value.toFixed(1)} %`;
const colourOf = (label) => `arm-${figures.designs.includes(label) ? figures.designs.indexOf(label) : 5}`;
const element = (name, text, className) => {
  const made = document.createElement(name);
  made.textContent = text ?? "";
  if (className) made.className = className;
  return made;
};

// --- Captions below the films: the latest three; the list in words has all of them ----------------------
for (const video of document.querySelectorAll("video[data-film]")) {
  const now = video.closest("figure").querySelector(".now");
  if (now === null) continue;
  const captions = figures.captions[video.dataset.film];
  const show = () => {
    const shown = captions.filter(([start]) => start <= video.currentTime).slice(-3);
    now.replaceChildren(...shown.map(([, text]) => element("p", text)));
  };
  for (const event of ["timeupdate", "seeked", "ended"]) video.addEventListener(event, show);
}

// --- You be the judge: the film stops before somebody brakes --------------------------------------
const score = { right: 0, asked: 0 };
const named = (brakes) => ["neither", "car B", "car A", "both"][2 * brakes[0] + brakes[1]];

for (const figure of document.querySelectorAll(".judge")) {
  const film = figures.judged[Number(figure.dataset.film)];
  const video = figure.querySelector("video");
  const [play, answers, verdict] = [".play", ".answers", ".verdict"].map((name) => figure.querySelector(name));
  let answered = false;
  const watch = () => {
    if (!answered && video.currentTime >= film.pause) {
      video.pause();
      video.currentTime = film.pause; // a slow machine may have shown more
      play.hidden = true;
      answers.hidden = false;
      verdict.textContent = "Who will brake within the next seconds?";
      answers.querySelector("button").focus({ preventScroll: true });
    } else if (!video.paused) {
      requestAnimationFrame(watch);
    }
  };
  video.addEventListener("play", watch);
  video.addEventListener("ended", () => {
    play.hidden = false;
    play.textContent = "Play again";
    const [a, b] = film.drivers;
    verdict.textContent += ` Car A is ${a}, car B is ${b}. ${film.verdict}.`;
    figure.querySelector(".story")?.removeAttribute("hidden");
  });
  play.addEventListener("click", () => {
    if (answered) verdict.textContent = "";
    video.play();
  });
  answers.addEventListener("click", (event) => {
    const answer = event.target.dataset.answer;
    if (answer === undefined) return;
    const truth = film.brakes.map(Number).join("");
    answered = true;
    answers.hidden = true;
    score.asked += 1;
    score.right += answer === truth;
    verdict.textContent = `${answer === truth ? "Right" : "No"}: ${named(film.brakes.map(Number))} will brake.`;
    document.getElementById("score").textContent = `${score.right} of ${score.asked} right`;
    video.play();
  });
}

// --- Interpolation between measured amounts, in logarithms ------------------------------------------
function interpolate(value, knots, targets) {
  if (value <= knots[0]) return targets[0];
  const last = knots.length - 1;
  if (value >= knots[last]) return targets[last];
  const index = knots.findIndex((knot) => knot > value);
  const [left, right] = [Math.log(knots[index - 1]), Math.log(knots[index])];
  const fraction = (Math.log(value) - left) / (right - left);
  return targets[index - 1] + fraction * (targets[index] - targets[index - 1]);
}

// How many rows an amount buys: as many as are measured at most, 0 where it does not pay for the fewest.
function affordable(amount, costs, rows) {
  if (costs.every((cost) => cost === 0)) return rows[rows.length - 1];
  if (amount < costs[0]) return 0;
  return Math.exp(interpolate(amount, costs.map((cost) => Math.max(cost, 1e-9)), rows.map(Math.log)));
}

// --- The slider of the amount of data ----------------------------------------------------------------
const slider = document.getElementById("size");
if (slider) {
  const sizes = slider.dataset.sizes.split(",").map(Number);
  const svg = document.querySelector("#data svg");
  const move = () => {
    const size = sizes[Number(slider.value)];
    const found = figures.study.arms.map((arm) => arm.measured.find((item) => item.size === size));
    const minutes = found.find((item) => item !== undefined).minutes;
    const text = `${minutes < 10 ? minutes.toFixed(1) : Math.round(minutes)} minutes (${size.toLocaleString("en")} rows)`;
    document.getElementById("size-text").textContent = text;
    slider.setAttribute("aria-valuetext", text);
    const { first, last, left, right } = svg.dataset;
    const x = Number(left) + ((Math.log(minutes) - first) / (last - first)) * (right - left);
    for (const side of ["x1", "x2"]) svg.querySelector(".marker").setAttribute(side, x);
    for (const cell of document.querySelectorAll(".at")) {
      const item = found[Number(cell.dataset.arm)];
      cell.textContent = item
        ? `${percent(item.success)} (${percent(item.low)} to ${percent(item.high)}; ${item.trainings} ${item.trainings === 1 ? "training" : "trainings"})`
        : "not trained with this amount";
    }
    const films = [...document.querySelectorAll(".data-film")];
    const shown = films.filter((film) => Number(film.dataset.rows) <= size).pop() ?? films[0];
    for (const film of films) {
      if (film !== shown) film.querySelector("video").pause();
      film.hidden = film !== shown;
    }
  };
  slider.addEventListener("input", move);
  move();
}

// --- Shifted courses -----------------------------------------------------------------------------------
const severity = document.getElementById("severity");
if (severity) {
  const family = document.getElementById("family");
  const draw = () => {
    const chosen = figures.families[Number(family.value)];
    const levels = chosen.drivers.flatMap((driver) => driver.severities.map((item) => item.severity));
    severity.max = Math.max(...levels);
    const level = Number(severity.value);
    document.getElementById("severity-text").textContent = level;
    document.getElementById("bars").replaceChildren(
      ...chosen.drivers.flatMap((driver) => {
        const item = driver.severities.find((one) => one.severity === level);
        if (item === undefined) return [element("p", `${driver.label}: not driven`)];
        const text = `${driver.label}: ${percent(item.success)} (${percent(item.low)} to ${percent(item.high)}, ${item.pairs} pairs)`;
        const bar = element("span", "", `bar ${colourOf(driver.label)}`);
        const [fill, interval] = [element("i"), element("u")];
        fill.style.width = `${item.success}%`;
        interval.style.left = `${item.low}%`;
        interval.style.width = `${item.high - item.low}%`;
        bar.append(fill, interval);
        return [element("span", text), bar];
      }),
    );
  };
  family.addEventListener("input", draw);
  severity.addEventListener("input", draw);
  draw();
}

// --- The calculator ----------------------------------------------------------------------------------
const calculator = document.getElementById("calculator");

// What each arm reaches within the means: rows (0: not possible), success, its interval, and resampled successes.
function optionsWithin(means) {
  const { study } = figures;
  return study.arms
    .filter((arm) => arm.curve !== null)
    .map((arm) => {
      const rows = arm.costs.map((cost) => cost.rows);
      const labels = arm.costs.map(
        (cost) =>
          (cost.boxes * means.box + cost.lane_frames * study.lane_frame_seconds + cost.distances * study.distance_seconds) / 3600,
      );
      const bought = Math.min(
        affordable(means.minutes * study.rows_per_minute, rows, rows),
        affordable(means.labels, labels, rows),
        affordable(means.cores, arm.costs.map((cost) => cost.core_hours), rows),
      );
      const at = (values) => interpolate(bought, arm.curve.rows, values);
      const [success, low, high] = [arm.curve.success, arm.curve.low, arm.curve.high].map(at);
      const enough = means.minutes * study.rows_per_minute > rows[rows.length - 1];
      return { name: arm.name, bought, success, low, high, enough, draws: arm.curve.replicates.map(at) };
    });
}

// The fraction of resampled studies in which each arm is the best; arms share the courses of a replicate.
function bestFractions(options) {
  const wins = options.map(() => 0);
  const count = options[0]?.draws.length ?? 0;
  for (let draw = 0; draw < count; draw += 1) {
    const values = options.map((option) => option.draws[draw]);
    const best = Math.max(...values);
    const winners = values.flatMap((value, index) => (value === best ? [index] : []));
    for (const index of winners) wins[index] += 1 / winners.length;
  }
  return wins.map((win) => win / count);
}

if (calculator) {
  const advise = () => {
    const given = new FormData(calculator);
    const means = Object.fromEntries(["minutes", "box", "labels", "cores"].map((name) => [name, Number(given.get(name))]));
    const all = optionsWithin(means);
    const possible = all.filter((option) => option.bought > 0);
    const fractions = bestFractions(possible);
    const best = possible.reduce((one, other) => (one && one.success >= other.success ? one : other), null);
    const sure = best ? fractions[possible.indexOf(best)] : 0;
    const rivals = possible.filter((option, index) => option !== best && fractions[index] >= 0.05).map((option) => option.name);
    document.getElementById("advice").textContent = !best
      ? "This is less than the study's smallest training needs, so it says nothing about your case."
      : `${best.name}: ${percent(best.success)} success (${percent(best.low)} to ${percent(best.high)}). It is the best in ` +
        `${Math.round(100 * sure)} % of the resampled studies` +
        (sure >= 0.95 || rivals.length === 0 ? "." : `, so the study does not decide between it and ${rivals.join(", ")}.`) +
        (best.enough ? " You have more data than the study measured; the figure is that of its largest training." : "");
    document.getElementById("options").replaceChildren(
      ...all.map((option) => {
        const row = element("tr", "", option === best ? "best" : "");
        const name = element("th", option.name);
        name.scope = "row";
        const cells =
          option.bought > 0
            ? [
                `${Math.round(option.bought / figures.study.rows_per_minute)}`,
                `${percent(option.success)} (${percent(option.low)} to ${percent(option.high)})`,
                `${Math.round(100 * fractions[possible.indexOf(option)])} %`,
              ]
            : ["needs more than this", "", ""];
        row.append(name, ...cells.map((text) => element("td", text)));
        return row;
      }),
    );
  };
  calculator.addEventListener("input", advise);
  calculator.addEventListener("submit", (event) => event.preventDefault());
  advise();
}
