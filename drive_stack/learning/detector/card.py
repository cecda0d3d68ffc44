"""The detector's card for people, and a picture of what it finds, misses and imagines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from drive_stack.evaluation.detection.classes import REPORTED
from drive_stack.evaluation.detection.metrics import Criteria, iou_matrix
from drive_stack.learning.detector.evaluation import Judged
from drive_stack.perception.confidences import Confidences
from drive_stack.support.atomic_files import make_folder, whole_file
from drive_stack.types import Detection, Image

FOUND, MISSED, WRONG, IGNORED = (80, 220, 100), (255, 210, 40), (255, 70, 70), (150, 170, 190)


def card_markdown(card: Mapping[str, Any]) -> str:
    """The card as Markdown; every figure comes from ``card``."""
    scores, criteria = card["validation"], card["validation"]["criteria"]
    lines = [
        "# Detector",
        "",
        "Finds cars, large vehicles, pedestrians and what closes lanes at road works (obstacles) in the "
        f"front camera's picture. {card['network']}",
        "",
        f"Made by `{card['command']}` on {card['date']}: trained from scratch on "
        f"{card['training_data']['frames']} frames (seeds {_span(card['training_data']['seeds'])}, "
        f"{card['training_data']['boxes']} boxes), {card['epochs']} epochs, {card['minutes']} minutes on "
        f"{card['threads']} threads. SHA-256 of `{card['single_precision']['file']}`, in single precision: "
        f"`{card['single_precision']['sha256']}`.",
        "",
        f"Its convolutions were then turned into whole numbers of 8 bits, with ranges from "
        f"{card['calibration_frames']} of the training frames; so it drives, and so it is judged here. "
        f"SHA-256 of `{card['file']}`: `{card['sha256']}`.",
        *(f"\n{remark}" for remark in card.get("remarks", ())),
        "",
        f"Objects count from {criteria['min_height_px']:g} px height and {criteria['min_visible']:.0%} "
        "visible; smaller or more hidden ones count neither way. Found means IoU ≥ "
        f"{criteria['iou']:g}; recall and precision are those at the confidences chosen on "
        f"validation frames: {_confidences(criteria['confidence'])}. Run in {card['engine']}.",
    ]
    lines += _part("Validation", card["validation_data"], scores)
    lines += ["", "![Curves on validation frames](../../docs/images/detector_curves.png)"]
    if "test" in card:
        lines += _part("Test", card["test_data"], card["test"])
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in card["limits"]), ""]
    return "\n".join(lines)


def _part(title: str, data: Mapping[str, Any], scores: Mapping[str, Any]) -> list[str]:
    """The figures on frames of one span of seeds."""
    lines = [
        "",
        f"## {title}",
        "",
        f"{data['frames']} frames (seeds {_span(data['seeds'])}; bodies and paints that training never "
        f"showed among them) of {len(data['scenarios'])} scenarios; "
        f"{scores['false_positives_per_frame']:.3f} wrong detections a frame.",
        "",
        "| Class | Objects | AP50 | in single precision | Recall | Precision |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in scores["classes"].items():
        figures = row["ap50"], scores["single_precision"][name]["ap50"], row["recall"], row["precision"]
        cells = " | ".join(map(_number, figures))
        lines.append(f"| {name.replace('_', ' ')} | {row['objects']} | {cells} |")
    clear = scores["recall_in_clear_weather"]
    words = (
        f"{_number(row['recall'])} of {row['objects']} ({name}, up to {row['up_to_m']:g} m)"
        for name, row in clear.items()
    )
    lines += ["", f"Recall in clear weather: {', '.join(words)}."]
    heading = "".join(f" {name.capitalize()} |" for name in REPORTED)
    rule = "---|" * len(REPORTED)
    lines += ["", "Recall by distance:", "", f"| Distance [m] |{heading}", f"|---|{rule}"]
    bands = scores["recall_by_distance_m"]
    for band in bands["vehicles"]:
        rows = [bands[name][band] for name in REPORTED]
        cells = " | ".join(f"{_number(row['recall'])} of {row['objects']}" for row in rows)
        lines.append(f"| {band} | {cells} |")
    for by in ("weather", "light", "scenario"):
        lines += ["", f"AP50 by {by}:", "", f"| {by.capitalize()} | Frames |{heading}", f"|---|---|{rule}"]
        for value, row in scores[f"ap50_by_{by}"].items():
            cells = " | ".join(_number(row[name]) for name in REPORTED)
            lines.append(f"| {value} | {row['frames']} | {cells} |")
    return lines


def _confidences(levels: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {level:g}" for name, level in levels.items())


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _span(seeds: Sequence[int]) -> str:
    return f"{seeds[0]}–{seeds[1]}"


def draw_judged(
    image: Image, judged: Judged, row: int, confidences: Confidences, criteria: Criteria
) -> Image:
    """One frame with found (green), missed (yellow), wrong (red) and ignored (grey) boxes."""
    frame, canvas = judged.frames[row], image.copy()
    seen = confidences.keep(judged.detections[row])
    boxes = np.array([found.box for found in seen]).reshape(-1, 4)
    overlaps = iou_matrix(boxes, frame.truth.boxes)
    same = np.array([[int(f.label) == int(label) for label in frame.truth.labels] for f in seen], dtype=bool)
    hits = (overlaps >= criteria.iou) & same.reshape(overlaps.shape)
    for index, (box, judge) in enumerate(
        zip(frame.truth.boxes, criteria.evaluated(frame.truth), strict=True)
    ):
        if not hits[:, index].any():
            _rectangle(canvas, tuple(box), MISSED if judge else IGNORED)
    for found, hit in zip(seen, hits, strict=True):
        _label(canvas, found, FOUND if hit.any() else WRONG)
    title = f"{frame.episode.scenario} {frame.episode.seed} {frame.episode.weather} {frame.episode.light}"
    cv2.putText(canvas, title, (6, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return canvas


def _rectangle(canvas: Image, box: tuple[float, ...], colour: tuple[int, int, int]) -> None:
    x1, y1, x2, y2 = (round(float(value)) for value in box)
    cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, 1)


def _label(canvas: Image, found: Detection, colour: tuple[int, int, int]) -> None:
    _rectangle(canvas, found.box, colour)
    text = f"{found.label.name[0]}{found.confidence:.2f}"
    place = (round(found.box[0]), max(round(found.box[1]) - 2, 8))
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.3, colour, 1, cv2.LINE_AA)


def example_sheet(
    judged: Judged, confidences: Confidences, criteria: Criteria, rows: int = 6, columns: int = 2
) -> Image:
    """A sheet of frames from different scenarios and weathers, drawn by a fixed seed."""
    rng = np.random.default_rng(0)
    order = [int(index) for index in rng.permutation(len(judged.frames))]
    chosen: list[int] = []
    kinds: set[tuple[str, str]] = set()
    scenarios: set[str] = set()
    for index in order:
        episode, labels = judged.frames[index].episode, judged.frames[index].truth.labels
        kind = (episode.weather, episode.light)
        if len(labels) >= 3 and (kind not in kinds or episode.scenario not in scenarios):
            chosen.append(index)
            kinds.add(kind)
            scenarios.add(episode.scenario)
    chosen = (chosen + [index for index in order if index not in chosen])[: rows * columns]
    tiles = [draw_judged(judged.frames[i].image(), judged, i, confidences, criteria) for i in chosen]
    blank = np.zeros_like(tiles[0])
    tiles += [blank] * (rows * columns - len(tiles))
    lines = [np.concatenate(tiles[row * columns : (row + 1) * columns], axis=1) for row in range(rows)]
    return np.concatenate(lines, axis=0)


def write_picture(path: Path, picture: Image) -> None:
    """Write an RGB picture as PNG."""
    make_folder(path.parent)
    stream = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
    with whole_file(path) as part:
        part.write_bytes(stream.tobytes())
