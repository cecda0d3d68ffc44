"""Makes mine.onnx and mine.pt, next to this file: a policy that steers straight and holds 90 km/h."""

import warnings
from pathlib import Path

import torch

FOLDER = Path(__file__).parent
warnings.simplefilter("ignore", DeprecationWarning)  # torch's older ONNX export is enough here


class Mine(torch.nn.Module):
    """Maps the observation to steering and pedals, both from −1 to 1."""

    def forward(self, image, speed):
        """Return the action, shape (1, 2), for an image (1, 256, 640, 3) and the speed (1, 1) [m/s]."""
        steering = 0.0 * image.float().mean(dim=(1, 2, 3))[:, None]
        return torch.cat([steering, 0.2 * (25.0 - speed)], dim=1)


if __name__ == "__main__":
    example = (torch.zeros((1, 256, 640, 3), dtype=torch.uint8), torch.zeros((1, 1)))
    names = ["image", "speed"]
    torch.onnx.export(Mine(), example, str(FOLDER / "mine.onnx"), input_names=names, dynamo=False)
    torch.jit.script(Mine()).save(str(FOLDER / "mine.pt"))
