"""The lane network: an encoder and decoder over the view from above.

For each of the four boundaries and each anchor it gives a distribution over the bins across (row-wise
classification, as in Qin, Wang & Li, "Ultra fast structure-aware deep lane detection", 2020, but on
the ground instead of the image), whether the boundary is there, and facts about the lanes.
"""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from drive_stack.perception.lanes_ground import GroundGrid

WIDTHS = (24, 32, 48, 64)  # channels at each scale
FACTS = 10  # see `drive_stack.perception.lanes_network.decode`


def _conv(given: int, made: int, size: tuple[int, int] = (3, 3), stride: int = 1) -> nn.Sequential:
    """Convolution, normalisation, rectifier."""
    padding = (size[0] // 2, size[1] // 2)
    return nn.Sequential(
        nn.Conv2d(given, made, size, stride, padding, bias=False), nn.BatchNorm2d(made), nn.ReLU()
    )


class LaneNet(nn.Module):
    """Input: views ``(B, H, W, 3)`` uint8. Outputs: logits (B, 4, R, bins), (B, 4, R) and (B, 10)."""

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
        self.facts = nn.Sequential(nn.Linear(2 * four + 4 * one, 64), nn.ReLU(), nn.Linear(64, FACTS))

    def forward(self, views: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits of the boundaries' bins, of their presence at each anchor, and of the facts."""
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
        # what lies along each boundary tells whether it is there, and whether it is dashed
        along = torch.einsum("bkrw,bcrw->bkcr", heat.softmax(dim=3), features)
        rows = features.mean(dim=3)[:, None].expand_as(along)
        evidence = torch.cat([along, rows], dim=2)
        seen = torch.einsum("bkcr,kc->bkr", evidence, self.seen.weight) + self.seen.bias[:, None]
        facts = self.facts(torch.cat([summary, along.mean(dim=3).flatten(1)], dim=1))
        return heat, seen, facts

    def _planes(self, views: torch.Tensor) -> torch.Tensor:
        """Colours of zero mean and unit contrast over each view, so that night is like day; and places."""
        colours = views.permute(0, 3, 1, 2).to(torch.float32) / 255.0
        mean = colours.mean(dim=(1, 2, 3), keepdim=True)
        contrast = ((colours - mean) ** 2).mean(dim=(1, 2, 3), keepdim=True).sqrt()
        colours = (colours - mean) / (contrast + 0.02)
        return torch.cat([colours, self.places.expand(views.shape[0], -1, -1, -1)], dim=1)


def _double(features: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode="nearest")


class _Deployed(nn.Module):
    """Probabilities instead of logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, view: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        heat, seen, facts = self.network(view)
        return heat.softmax(dim=3), seen.sigmoid(), facts.sigmoid()


def export(network: LaneNet, path: Path, grid: GroundGrid) -> None:
    """Write ``network`` as ONNX for one view at a time."""
    model = _Deployed(copy.deepcopy(network).float().eval()).eval()
    example = torch.zeros((1, *grid.view_shape, 3), dtype=torch.uint8)
    part = path.with_suffix(".part")
    with torch.no_grad():
        torch.onnx.export(
            model,
            (example,),
            str(part),
            input_names=["view"],
            output_names=["heat", "seen", "facts"],
            opset_version=17,
            dynamo=False,
        )
    part.rename(path)
