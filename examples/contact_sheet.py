"""Write a picture of the catalogue: each scenario as the front camera shows it, in many weathers and lights.

python -m examples.contact_sheet sheet.jpg
"""

from __future__ import annotations

import sys

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from envs.camera.camera import Camera
from envs.scenarios.scenario import load_scenario, long_scenario_names, scenario_names
from envs.world import World
from examples.pair_pictures import image_of

COLUMNS, WIDTH, LABEL = 3, 533, 30  # images in a row; size of an image and of its label [px]
FIRST_SEED = 40  # training seeds
NIGHT = "cruise[conditions.weather={rain: 1}; conditions.light={night: 1}]"


def main(path: str) -> None:
    """Draw all scenarios, each with a seed of its own, and one more at night."""
    camera = Camera(CameraModel())
    names = (*scenario_names(), *long_scenario_names(), NIGHT)
    cells = [cell_of(name, FIRST_SEED + number, camera) for number, name in enumerate(names)]
    while len(cells) % COLUMNS:
        cells.append(np.zeros_like(cells[0]))
    rows = [np.hstack(cells[first : first + COLUMNS]) for first in range(0, len(cells), COLUMNS)]
    sheet = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(path, sheet, [cv2.IMWRITE_JPEG_QUALITY, 84])


def cell_of(name: str, seed: int, camera: Camera) -> NDArray[np.uint8]:
    """An image of a scenario, and below it the name, the weather and the light."""
    conditions = World(load_scenario(name), seed).conditions
    image = image_of(name, camera, seed)
    height = round(WIDTH * image.shape[0] / image.shape[1])
    label = np.full((LABEL, WIDTH, 3), 22, dtype=np.uint8)
    words = (
        f"{name.partition('[')[0].replace('_', ' ')}: {conditions.weather.value}, {conditions.light.value}"
    )
    cv2.putText(label, words, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1, cv2.LINE_AA)
    small = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA)
    return np.vstack([small, label]).astype(np.uint8)


if __name__ == "__main__":
    main(sys.argv[1])
