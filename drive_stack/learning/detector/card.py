"""The detector's card in Markdown, and an image of its true, missed and false detections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from drive_stack.datasets.frames.store import FrameCounts
from drive_stack.evaluation.detection.classes import REPORTED
from drive_stack.evaluation.detection.metrics import Criteria, iou_matrix
from drive_stack.learning.detector.card_fields import CardScores, DetectorCard
from drive_stack.learning.detector.evaluation import DetectionResults
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.support.atomic_files import atomic_file, make_folder
from drive_stack.types import Detection, Image

TRUE_POSITIVE, MISSED, FALSE_POSITIVE, IGNORED = (
    (80, 220, 100),
    (255, 210, 40),
    (255, 70, 70),
    (150, 170, 190),
)


def card_markdown(card: DetectorCard) -> str:
    """Format the card as Markdown; every figure comes from ``card``."""
    scores, criteria = card["validation"], card["validation"]["criteria"]
    lines = [
        "# Detector",
        "",
        "Detects cars, large vehicles, motorcycles, pedestrians, and cones and barriers of road works "
        f"(obstacles) in the image of the front camera. {card['network']}",
        "",
        f"Made by `{card['command']}` on {card['date']}: trained from scratch on "
        f"{card['training_data']['frames']} frames (seeds {_span(card['training_data']['seeds'])}, "
        f"{card['training_data']['boxes']} boxes), {card['epochs']} epochs, {card['minutes']} minutes on "
        f"{card['threads']} threads. SHA-256 of `{card['single_precision']['file']}`, in single precision: "
        f"`{card['single_precision']['sha256']}`.",
        "",
        f"Its convolutions were then quantised to 8 bits, calibrated on "
        f"{card['calibration_frames']} of the training frames; it drives and is evaluated in this form. "
        f"SHA-256 of `{card['file']}`: `{card['sha256']}`.",
        *(f"\n{remark}" for remark in card.get("remarks", ())),
        "",
        f"Objects of at least {criteria['min_height_px']:g} px height and {criteria['min_visible']:.0%} "
        "visibility are evaluated; smaller or more hidden ones are ignored. A detection matches at IoU ≥ "
        f"{criteria['iou']:g}; recall and precision are those at the confidences chosen on "
        f"validation frames: {_confidences(criteria['confidence'])}. Run in {card['engine']}.",
    ]
    lines += _part("Validation", card["validation_data"], scores)
    lines += ["", "![Curves on validation frames](../../docs/images/detector_curves.png)"]
    if "test" in card:
        lines += _part("Test", card["test_data"], card["test"])
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in card["limits"]), ""]
    return "\n".join(lines)


def _part(title: str, data: FrameCounts, scores: CardScores) -> list[str]:
    """The scores on frames of one span of seeds."""
    lines = [
        "",
        f"## {title}",
        "",
        f"{data['frames']} frames (seeds {_span(data['seeds'])}; they include vehicle bodies and paints that "
        f"training never showed) of {len(data['scenarios'])} scenarios; "
        f"{scores['false_positives_per_frame']:.3f} false positives a frame.",
        "",
        "| Class | Objects | AP50 | in single precision | Recall | Precision |",
        "|---|---|---|---|---|---|",
    ]
    for name, own in scores["classes"].items():
        figures = own["ap50"], scores["single_precision"][name]["ap50"], own["recall"], own["precision"]
        cells = " | ".join(map(_number, figures))
        lines.append(f"| {name.replace('_', ' ')} | {own['objects']} | {cells} |")
    phrases = (
        f"{_number(clear['recall'])} of {clear['objects']} ({name}, up to {clear['up_to_m']:g} m)"
        for name, clear in scores["recall_in_clear_weather"].items()
    )
    lines += ["", f"Recall in clear weather: {', '.join(phrases)}."]
    heading = "".join(f" {name.capitalize()} |" for name in REPORTED)
    rule = "---|" * len(REPORTED)
    lines += ["", "Recall by distance:", "", f"| Distance [m] |{heading}", f"|---|{rule}"]
    bands = scores["recall_by_distance_m"]
    for band in bands["vehicles"]:
        recalls = [bands[name][band] for name in REPORTED]
        cells = " | ".join(f"{_number(recall['recall'])} of {recall['objects']}" for recall in recalls)
        lines.append(f"| {band} | {cells} |")
    tables = {
        "weather": scores["ap50_by_weather"],
        "light": scores["ap50_by_light"],
        "scenario": scores["ap50_by_scenario"],
    }
    for by, table in tables.items():
        lines += ["", f"AP50 by {by}:", "", f"| {by.capitalize()} | Frames |{heading}", f"|---|---|{rule}"]
        for value, row in table.items():
            cells = " | ".join(_number(row[name]) for name in REPORTED)
            lines.append(f"| {value} | {row['frames']} | {cells} |")
    return lines


def _confidences(levels: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {level:g}" for name, level in levels.items())


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _span(seeds: Sequence[int]) -> str:
    return f"{seeds[0]}–{seeds[1]}"


def draw_detections(
    image: Image, results: DetectionResults, row: int, confidences: ConfidenceThresholds, criteria: Criteria
) -> Image:
    """Draw detected (green), missed (yellow), false (red) and ignored (grey) boxes into one frame."""
    frame, canvas = results.frames[row], image.copy()
    detections = confidences.filter(results.detections[row])
    boxes = np.array([detection.box for detection in detections]).reshape(-1, 4)
    overlaps = iou_matrix(boxes, frame.truth.boxes)
    same_class = np.array(
        [[int(found.label) == int(label) for label in frame.truth.labels] for found in detections], dtype=bool
    )
    hits = (overlaps >= criteria.iou) & same_class.reshape(overlaps.shape)
    for index, (box, is_evaluated) in enumerate(
        zip(frame.truth.boxes, criteria.evaluated(frame.truth), strict=True)
    ):
        if not hits[:, index].any():
            _draw_rectangle(canvas, tuple(box), MISSED if is_evaluated else IGNORED)
    for detection, hit in zip(detections, hits, strict=True):
        _draw_label(canvas, detection, TRUE_POSITIVE if hit.any() else FALSE_POSITIVE)
    title = f"{frame.episode.scenario} {frame.episode.seed} {frame.episode.weather} {frame.episode.light}"
    cv2.putText(canvas, title, (6, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return canvas


def _draw_rectangle(canvas: Image, box: tuple[float, ...], colour: tuple[int, int, int]) -> None:
    x1, y1, x2, y2 = (round(float(value)) for value in box)
    cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, 1)


def _draw_label(canvas: Image, detection: Detection, colour: tuple[int, int, int]) -> None:
    _draw_rectangle(canvas, detection.box, colour)
    text = f"{detection.label.name[0]}{detection.confidence:.2f}"
    origin = (round(detection.box[0]), max(round(detection.box[1]) - 2, 8))
    cv2.putText(canvas, text, origin, cv2.FONT_HERSHEY_SIMPLEX, 0.3, colour, 1, cv2.LINE_AA)


def example_sheet(
    results: DetectionResults,
    confidences: ConfidenceThresholds,
    criteria: Criteria,
    rows: int = 6,
    columns: int = 2,
) -> Image:
    """Draw a sheet of frames of different scenarios and weathers, selected with a fixed seed."""
    rng = np.random.default_rng(0)
    order = [int(index) for index in rng.permutation(len(results.frames))]
    selected: list[int] = []
    kinds: set[tuple[str, str]] = set()
    scenarios: set[str] = set()
    for index in order:
        episode, labels = results.frames[index].episode, results.frames[index].truth.labels
        kind = (episode.weather, episode.light)
        if len(labels) >= 3 and (kind not in kinds or episode.scenario not in scenarios):
            selected.append(index)
            kinds.add(kind)
            scenarios.add(episode.scenario)
    selected = (selected + [index for index in order if index not in selected])[: rows * columns]
    tiles = [draw_detections(results.frames[i].image(), results, i, confidences, criteria) for i in selected]
    blank = np.zeros_like(tiles[0])
    tiles += [blank] * (rows * columns - len(tiles))
    lines = [np.concatenate(tiles[row * columns : (row + 1) * columns], axis=1) for row in range(rows)]
    return np.concatenate(lines, axis=0)


def write_image(path: Path, image: Image) -> None:
    """Write an RGB image as PNG."""
    make_folder(path.parent)
    stream = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
    with atomic_file(path) as part:
        part.write_bytes(stream.tobytes())
