"""Objects in one image, by the trained network."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drive_stack.errors import ConfigError
from drive_stack.perception.confidences import Confidences
from drive_stack.runtime.sessions import each, open_session
from drive_stack.runtime.weights import MODELS, read_card
from drive_stack.types import Detection, FloatArray, Image, ObjectClass

TRAINED = MODELS / "detector.onnx"  # single precision, as it was trained
WEIGHTS = MODELS / "detector.int8.onnx"  # the same in 8 bits, which drives
COMMAND = "python run_sim.py train detector"
MOST_CANDIDATES = 300  # cells looked at, so that no picture takes long
CONTAINED = 0.95  # of the smaller of two boxes of one class that shows them to be one thing


class YoloDetector:
    """A YOLO network in OpenVINO or ONNX Runtime; the same image gives the same detections.

    Takes images of the size it was trained for. Raises `ConfigError` where the weights are missing
    or altered, or made for another size.
    """

    def __init__(
        self,
        weights: Path = WEIGHTS,
        *,
        confidence: Confidences = Confidences(),  # noqa: B008 - frozen
        overlap: float = 0.6,
        threads: int = 2,
        engine: str = "openvino",
        streams: int = 1,
    ) -> None:
        """Load ``weights``; keep detections from ``confidence`` up, and of two that overlap with an
        IoU above ``overlap``, or of one class with one inside the other, the more confident."""
        read_card(weights, COMMAND)
        self._session = open_session(weights, engine=engine, threads=threads, streams=streams)
        self._least = confidence.by_class()
        self._overlap = overlap

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape (H, W, 3) of the images it takes."""
        return self._session.input_shape[1:]

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """What is seen in ``image``, most confident first, boxes clipped to the image."""
        if image.shape != self.image_shape:
            raise ConfigError(f"the detector takes images of {self.image_shape}, not {image.shape}")
        boxes, scores = self._session.run(np.ascontiguousarray(image[None]))
        return decode(boxes, scores, image.shape[:2], self._least, self._overlap)

    def detect_batch(self, images: Iterable[Image]) -> tuple[tuple[Detection, ...], ...]:
        """What `detect` sees in each of ``images``, an array (N, H, W, 3) say; ``streams`` at a time."""
        return each(self.detect, images, self._session.streams)


def decode(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    size: tuple[int, ...],
    least: FloatArray,
    overlap: float,
) -> tuple[Detection, ...]:
    """Detections from the boxes ``(A, 4)`` [px] and class scores ``(A, classes)`` of all cells.

    ``size`` is the image's (height, width), ``least`` (classes,) the least score of each class.
    """
    best = scores.max(axis=1)
    likely = np.flatnonzero(best >= least.min())
    likely = likely[best[likely] >= least[scores[likely].argmax(axis=1)]]
    likely = likely[np.argsort(-best[likely], kind="stable")][:MOST_CANDIDATES]
    limit = np.array([size[1], size[0], size[1], size[0]], dtype=np.float32)
    clipped = np.clip(boxes[likely], 0.0, limit)
    labels = scores[likely].argmax(axis=1)
    kept = distinct(clipped, labels, overlap)
    return tuple(
        Detection(
            box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
            label=ObjectClass(int(label)),
            confidence=float(best[cell]),
        )
        for cell, label, box in zip(likely[kept], labels[kept], clipped[kept], strict=True)
    )


def distinct(boxes: NDArray[np.float32], labels: NDArray[np.int64], overlap: float) -> list[int]:
    """Rows of ``boxes`` (N, 4), best first, that show no better one again.

    That is: whose IoU with it is at most ``overlap``, whatever the classes ``labels`` (N,), as a thing is
    a car or a lorry, not both; and which, if of its class, neither lie in it nor hold it: a part or a
    surplus of the same thing. Boxes without area are dropped.
    """
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    left = [int(row) for row in np.flatnonzero(areas > 0.0)]
    kept: list[int] = []
    while left:
        first, *others = left
        kept.append(first)
        low = np.maximum(boxes[first, :2], boxes[others, :2])
        high = np.minimum(boxes[first, 2:], boxes[others, 2:])
        shared = np.prod(np.clip(high - low, 0.0, None), axis=1)
        iou = shared / (areas[first] + areas[others] - shared)
        contained = shared > CONTAINED * np.minimum(areas[first], areas[others])
        again = (iou > overlap) | (contained & (labels[others] == labels[first]))
        left = [other for other, same in zip(others, again, strict=True) if not same]
    return kept
