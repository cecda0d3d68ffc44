"""Layout of the panels in a window."""

from __future__ import annotations

from dataclasses import dataclass

from pygame import Rect

MIN_SIZE = (900, 560)  # smaller windows show a frame of this size, scaled down


@dataclass(frozen=True, slots=True)
class Layout:
    """Rectangles [px] of one window size; they neither overlap nor leave the window."""

    size: tuple[int, int]
    scale: float  # of type and lines; 1 at 1600 × 900
    header: Rect
    camera: Rect
    birdseye: Rect
    decision: Rect
    traces: Rect
    score: Rect
    timing: Rect
    footer: Rect
    timeline: Rect | None = None  # of a replay

    @property
    def panels(self) -> tuple[Rect, ...]:
        """All panels."""
        return (
            self.header, self.camera, self.birdseye, self.decision,
            self.traces, self.score, self.timing, self.footer,
            *(() if self.timeline is None else (self.timeline,)),
        )  # fmt: skip


def arrange(width: int, height: int, camera_aspect: float, *, timeline: bool = False) -> Layout:
    """Arrange the panels in a window of at least `MIN_SIZE` [px]; ``camera_aspect`` is width / height.

    The camera is at the upper left and the bird's-eye view over the full height on the right. Below the
    camera are the decision panel, the traces, the score and the computing time of each stage. With
    ``timeline`` there is space for the timeline of a replay above the footer.
    """
    width, height = max(width, MIN_SIZE[0]), max(height, MIN_SIZE[1])
    scale = min(max(min(width / 1600.0, height / 900.0), 0.7), 2.4)
    gap = max(4, round(10 * scale))
    header_height, footer_height = round(46 * scale), max(22, round(30 * scale))
    timeline_height = max(24, round(36 * scale)) if timeline else 0
    top, bottom = header_height, height - footer_height - timeline_height
    body = bottom - top
    side = min(max(round(width * 0.23), round(body * 0.42)), round(width * 0.3))
    birdseye = Rect(width - gap - side, top, side, body)
    left_width = birdseye.left - 2 * gap
    camera_height = min(round(left_width / camera_aspect), round(body * 0.58))
    camera = Rect(gap, top, left_width, camera_height)
    row = Rect(gap, camera.bottom + gap, left_width, bottom - camera.bottom - gap)
    decision_width, score_width = round(row.width * 0.36), round(row.width * 0.26)
    traces_width = row.width - decision_width - score_width - 2 * gap
    decision = Rect(row.left, row.top, decision_width, row.height)
    traces = Rect(decision.right + gap, row.top, traces_width, row.height)
    score_height = (row.height - gap) // 2
    score = Rect(traces.right + gap, row.top, score_width, score_height)
    timing = Rect(score.left, score.bottom + gap, score_width, row.bottom - score.bottom - gap)
    return Layout(
        size=(width, height),
        scale=scale,
        header=Rect(0, 0, width, header_height),
        camera=camera,
        birdseye=birdseye,
        decision=decision,
        traces=traces,
        score=score,
        timing=timing,
        footer=Rect(0, height - footer_height, width, footer_height),
        timeline=Rect(0, bottom, width, timeline_height) if timeline else None,
    )
