"use strict";
// The page works without this script; with it, films run together, and failures can be filtered and sorted.

function playTogether(pair) {
  const videos = [...pair.querySelectorAll("video")];
  const player = pair.querySelector(".player");
  const [button, slider, clock] = ["button", "input", "output"].map((name) => player.querySelector(name));
  const after = Number(pair.dataset.after);
  let length = 0;
  const show = () => {
    const time = videos[0].currentTime, left = length - after - time;
    slider.value = String(time);
    clock.value = left >= 0 ? `${left.toFixed(1)} s before the failure` : `${(-left).toFixed(1)} s after the failure`;
    slider.setAttribute("aria-valuetext", clock.value);
  };
  const pause = () => { videos.forEach((video) => video.pause()); button.textContent = "Play"; };
  const run = () => {
    if (Math.abs(videos[1].currentTime - videos[0].currentTime) > 0.15) videos[1].currentTime = videos[0].currentTime;
    show();
    if (videos[0].ended) pause();
    else if (!videos[0].paused) requestAnimationFrame(run);
  };
  const seek = (time) => { videos.forEach((video) => { video.currentTime = time; }); };
  button.addEventListener("click", () => {
    if (!videos[0].paused) { pause(); return; }
    if (videos[0].ended) seek(0);
    button.textContent = "Pause";
    Promise.all(videos.map((video) => video.play())).then(() => requestAnimationFrame(run), pause);
  });
  slider.addEventListener("input", () => { pause(); seek(Number(slider.value)); show(); });
  videos[0].addEventListener("loadedmetadata", () => {
    length = videos[0].duration;
    slider.max = String(length);
    show();
  });
  videos.forEach((video) => { video.controls = false; video.loop = false; video.preload = "metadata"; video.load(); });
  player.hidden = false;
}

function showTips() {
  const tip = document.getElementById("tip");
  const marked = [];
  document.querySelectorAll("[title]").forEach((element) => {
    if (element.closest("svg")) return;
    marked.push([element, element.title]);
    element.removeAttribute("title");
  });
  document.querySelectorAll(".dot > title").forEach((title) => {
    marked.push([title.parentElement, title.textContent]);
    title.remove();
  });
  const hide = () => { tip.hidden = true; };
  marked.forEach(([element, text]) => {
    const show = () => {
      tip.textContent = text;
      tip.hidden = false;
      const box = element.getBoundingClientRect();
      const left = Math.min(Math.max(box.left, 8), innerWidth - tip.offsetWidth - 8);
      const above = box.top - tip.offsetHeight - 6;
      tip.style.left = `${left}px`;
      tip.style.top = `${above > 0 ? above : box.bottom + 6}px`;
    };
    element.addEventListener("pointerenter", show);
    element.addEventListener("pointerleave", hide);
    element.addEventListener("focusin", show);
    element.addEventListener("focusout", hide);
    (element.querySelector("a") || element).setAttribute("aria-description", text);
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.addEventListener("scroll", hide, { passive: true });
}

function filterFailures(form) {
  const items = [...document.querySelectorAll("[data-keys]")];
  const rows = items.filter((item) => item.matches("tr"));
  const [driver, course, outcome] = ["driver", "course", "outcome"].map((name) => form.elements.namedItem(name));
  const apply = () => {
    items.forEach((item) => {
      const data = item.dataset;
      item.hidden = Boolean((driver.value && data.driver !== driver.value)
        || (course.value && !JSON.parse(data.keys).includes(course.value))
        || (outcome.value && data.outcome !== outcome.value));
    });
    form.querySelector("output").value = `${rows.filter((row) => !row.hidden).length} of ${rows.length} failures`;
  };
  const choose = (ofDriver, ofCourse) => {
    [driver.value, course.value, outcome.value] = [ofDriver, ofCourse, ""];
    apply();
  };
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link) return;
    if (link.dataset.course) choose(link.dataset.driver, link.dataset.course);
    const target = document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)));
    if (target && target.hidden) choose("", "");
  });
  form.hidden = false;
  apply();
}

function sortable(table) {
  const body = table.tBodies[0], headings = [...table.tHead.rows[0].cells];
  const key = (row, column) => row.cells[column].textContent.trim();
  const compare = (a, b) => {
    const [first, second] = [parseFloat(a), parseFloat(b)];
    if (Number.isNaN(first) || Number.isNaN(second)) return a.localeCompare(b, "en", { numeric: true });
    return first - second;
  };
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const falling = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const rows = [...body.rows].sort((a, b) => compare(key(a, column), key(b, column)));
      body.append(...(falling ? rows.reverse() : rows));
    });
  });
}

document.querySelectorAll(".pair").forEach(playTogether);
document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll("form.filters").forEach(filterFailures);
showTips();
