"""The image inputs of the policy: parts of the camera image, each scaled to its own size.

A whole image that is small enough for fast inference does not show a car at 150 m; a strip around the horizon
at the resolution of the camera does. Views are packed into one row of bytes, one after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from drive_stack.config import StrictModel
from drive_stack.types import Image

Pixels = Annotated[int, Field(ge=1)]


class View(StrictModel):
    """Rows ``top`` to ``bottom`` of the image over its whole width, scaled to ``height`` × ``width`` px."""

    top: Annotated[int, Field(ge=0)]
    bottom: Pixels
    height: Pixels
    width: Pixels

    @model_validator(mode="after")
    def _has_rows(self) -> View:
        if self.bottom <= self.top:
            raise ValueError("bottom: must be below top")
        return self

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.height * self.width * 3


def packed_size(views: Sequence[View]) -> int:
    """Size of all views in bytes."""
    return sum(view.size for view in views)


def pack(image: Image, views: Sequence[View]) -> NDArray[np.uint8]:
    """Pack the views of an image (H, W, 3) into one row: each (height, width, 3), flattened."""
    parts = []
    for view in views:
        rows = image[view.top : view.bottom]
        if rows.shape[:2] != (view.height, view.width):
            rows = cv2.resize(rows, (view.width, view.height), interpolation=cv2.INTER_AREA)
        parts.append(np.ascontiguousarray(rows).reshape(-1))
    return np.concatenate(parts)
