"""What the policy looks at: parts of the camera's picture at sizes of their own.

A whole picture small enough to be quick shows no car 150 m off; a strip about the horizon at the camera's
own resolution does. Views are packed into one row of bytes, one after another.
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
    """Rows ``top`` to ``bottom`` of the picture over its whole width, ``height`` × ``width`` px large."""

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
        """Bytes of it."""
        return self.height * self.width * 3


def packed_size(views: Sequence[View]) -> int:
    """Bytes of all views together."""
    return sum(view.size for view in views)


def pack(image: Image, views: Sequence[View]) -> NDArray[np.uint8]:
    """The views of an (H, W, 3) picture, each (height, width, 3) flattened, one after another."""
    parts = []
    for view in views:
        rows = image[view.top : view.bottom]
        if rows.shape[:2] != (view.height, view.width):
            rows = cv2.resize(rows, (view.width, view.height), interpolation=cv2.INTER_AREA)
        parts.append(np.ascontiguousarray(rows).reshape(-1))
    return np.concatenate(parts)
