"""The lane network: an encoder and decoder over the bird's-eye view.

For each of the four boundaries and each anchor it outputs a distribution over the lateral bins (row-wise
classification, as in Qin, Wang & Li, "Ultra fast structure-aware deep lane detection", 2020, but on
the ground instead of the image) and the probability that the boundary is present. From features gathered
along the lines and between them it then predicts, for each anchor, which lines may be crossed and where
lanes end.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from drive_stack.learning.training.quantisation import quantise
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.support.atomic_files import atomic_file
from drive_stack.types import Image

WIDTHS = (24, 32, 48, 64)  # channels at each scale
ALONG = 64  # channels of the 1-D convolutions along the anchors
Outputs = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
OUTPUTS = ("heat", "seen", "neighbour", "crossable", "ends")


def _conv(inputs: int, outputs: int, size: tuple[int, int] = (3, 3), stride: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU."""
    padding = (size[0] // 2, size[1] // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, padding, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class LaneNet(nn.Module):
    """Maps views (B, H, W, 3) uint8 to logits.

    Outputs: the boundaries' bins (B, 4, R, bins), their presence (B, 4, R), the existence of the left and
    right lane (B, 2), whether the ego lane's lines may be crossed (B, 2, R), and where the left, ego and
    right lane end (B, 3, R + 2), see `lanes_network.decode`.

    The attributes' names are tensor names in stored weights.
    """

    places: torch.Tensor

    def __init__(self, grid: GroundGrid) -> None:
        super().__init__()
        height, width = grid.view_shape
        across = torch.linspace(-1.0, 1.0, width).expand(height, width)
        ahead = torch.linspace(-1.0, 1.0, height)[:, None].expand(height, width)
        self.register_buffer("places", torch.stack([across, ahead])[None], persistent=False)
        one, two, three, four = WIDTHS
        self.first = nn.Sequential(_conv(5, one, (3, 5), 2), _conv(one, one))
        self.second = nn.Sequential(_conv(one, two, stride=2), _conv(two, two))
        self.third = nn.Sequential(_conv(two, three, stride=2), _conv(three, three))
        self.fourth = nn.Sequential(_conv(three, four, stride=2), _conv(four, four), _conv(four, four))
        self.overview = nn.Linear(2 * four, four)
        self.up_third, self.mix_third = _conv(four, three, (1, 1)), _conv(three, three)
        self.up_second, self.mix_second = _conv(three, two, (1, 1)), _conv(two, two)
        self.up_first, self.mix_first = _conv(two, one, (1, 1)), _conv(one, one)
        self.heat = nn.Conv2d(one, 4, 1)
        self.seen = nn.Linear(2 * one, 4)
        self.neighbour = nn.Sequential(nn.Linear(2 * four + 4 * one, ALONG), nn.ReLU(), nn.Linear(ALONG, 2))
        # input: four lines, three lanes, the mean over the width, and the global summary
        self.reduce = nn.Linear(2 * four, one)
        self.along = nn.Sequential(
            nn.Conv1d(9 * one, ALONG, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(ALONG, ALONG, 5, padding=4, dilation=2),
            nn.ReLU(),
            nn.Conv1d(ALONG, ALONG, 5, padding=8, dilation=4),
            nn.ReLU(),
        )
        self.stretch = nn.Conv1d(ALONG, 5, 1)  # at each anchor: two lines crossable, three lanes ending
        self.no_end = nn.Linear(2 * ALONG + 2 * four, 6)  # for three lanes: end beyond the anchors, no end

    def forward(self, views: torch.Tensor) -> Outputs:
        """Compute the logits, see the class."""
        first = self.first(self._planes(views))
        second = self.second(first)
        third = self.third(second)
        fourth = self.fourth(third)
        summary = torch.cat([fourth.mean(dim=(2, 3)), fourth.amax(dim=(2, 3))], dim=1)
        fourth = fourth + self.overview(summary)[:, :, None, None]
        features = self.mix_third(third + _double(self.up_third(fourth)))
        features = self.mix_second(second + _double(self.up_second(features)))
        features = self.mix_first(first + _double(self.up_first(features)))
        heat = self.heat(features)
        # features along each boundary show whether it is present, and whether it is dashed
        place = heat.softmax(dim=3)
        lines = _gathered(place, features)
        rows = features.mean(dim=3)
        evidence = torch.cat([lines, rows[:, None].expand_as(lines)], dim=2)
        seen = torch.einsum("bkcr,kc->bkr", evidence, self.seen.weight) + self.seen.bias[:, None]
        neighbour = self.neighbour(torch.cat([summary, lines.mean(dim=3).flatten(1)], dim=1))
        crossable, ends = self._along(lines, _between(place, features), rows, summary)
        return heat, seen, neighbour, crossable, ends

    def _along(
        self, lines: torch.Tensor, lanes: torch.Tensor, rows: torch.Tensor, summary: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs by anchor, from features of lines (B, 4, C, R), lanes (B, 3, C, R) and rows (B, C, R)."""
        context = self.reduce(summary)[:, :, None].expand_as(rows)
        along = self.along(torch.cat([lines.flatten(1, 2), lanes.flatten(1, 2), rows, context], dim=1))
        crossable, ends = self.stretch(along).split([2, 3], dim=1)
        overall = torch.cat([along.mean(dim=2), along.amax(dim=2), summary], dim=1)
        return crossable, torch.cat([ends, self.no_end(overall).reshape(-1, 3, 2)], dim=2)

    def _planes(self, views: torch.Tensor) -> torch.Tensor:
        """Channels (B, 5, H, W): positions, and colours normalised over each view: night resembles day."""
        colours = views.permute(0, 3, 1, 2).to(torch.float32) / 255.0
        mean = colours.mean(dim=(1, 2, 3), keepdim=True)
        contrast = ((colours - mean) ** 2).mean(dim=(1, 2, 3), keepdim=True).sqrt()
        colours = (colours - mean) / (contrast + 0.02)
        return torch.cat([colours, self.places.expand(views.shape[0], -1, -1, -1)], dim=1)


def _between(place: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """Mean features (B, 3, C, R) between adjacent boundaries, whose positions are distributions."""
    passed = place.cumsum(dim=3)
    inside = (passed[:, :-1] - passed[:, 1:]).clamp(min=0.0)
    weights = inside / (inside.sum(dim=3, keepdim=True) + 0.1)
    return _gathered(weights, features)


def _gathered(weights: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """Weighted sums (B, K, C, R) over the rows of features (B, C, R, W) with weights (B, K, R, W).

    This is one matrix product per row. With einsum, OpenVINO copies the features into another memory order,
    which takes a third of the network's time.
    """
    return (weights.transpose(1, 2) @ features.permute(0, 2, 3, 1)).permute(0, 2, 3, 1)


def _double(features: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode="nearest")


class _InferenceModel(nn.Module):
    """Outputs probabilities instead of logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, view: torch.Tensor) -> Outputs:
        heat, seen, neighbour, crossable, ends = self.network(view)
        return (
            heat.softmax(dim=3),
            seen.sigmoid(),
            neighbour.sigmoid(),
            crossable.sigmoid(),
            ends.softmax(dim=2),
        )


def export(network: LaneNet, path: Path, grid: GroundGrid) -> None:
    """Write ``network`` as ONNX for one view at a time."""
    model = _InferenceModel(copy.deepcopy(network).float().eval()).eval()
    example = torch.zeros((1, *grid.view_shape, 3), dtype=torch.uint8)
    with torch.no_grad(), atomic_file(path) as part:
        torch.onnx.export(
            model,
            (example,),
            str(part),
            input_names=["view"],
            output_names=list(OUTPUTS),
            opset_version=17,
            dynamo=False,
        )


def export_quantised(network: LaneNet, path: Path, grid: GroundGrid, views: Iterable[Image]) -> None:
    """Write ``network`` as `export` does, with 8-bit convolutions calibrated on ``views`` (H, W, 3)."""
    with tempfile.TemporaryDirectory() as folder:
        exact = Path(folder) / path.name
        export(network, exact, grid)
        quantise(exact, views, path)
