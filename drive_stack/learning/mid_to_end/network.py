"""The network from a set of tracks and its context to the controls.

Every track is encoded by the same layers, together with the context. A query from the context attends to the
tracks (Vaswani et al., 2017, "Attention is all you need"), and the maximum over the tracks is taken (Qi et
al., 2017, "PointNet"). Neither depends on the order of the tracks, nor on rows that hold none.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from drive_stack.learning.imitation.head import OUTPUTS
from drive_stack.learning.mid_to_end.config import TrackNetSettings
from drive_stack.policy.track_encoding import (
    CONTEXT,
    CONTEXT_SIZE,
    EXISTS,
    INPUT_SIZE,
    MAX_TRACKS,
    TRACK_SIZE,
    TRACKS,
)
from drive_stack.support.atomic_files import atomic_file

_SLOPE = 0.1
_CONTEXT = 24  # numbers of the context that every track gets
_ABSENT = 1.0e4  # subtracted from scores and features of rows without a track


class TrackNet(nn.Module):
    """Maps inputs (B, `INPUT_SIZE`), see `drive_stack.policy.track_encoding`, to (B, `OUTPUTS`)."""

    def __init__(self, settings: TrackNetSettings) -> None:
        super().__init__()
        size = settings.track_features
        self._heads = settings.heads
        self.context = nn.Linear(CONTEXT_SIZE, _CONTEXT)
        self.track = nn.Sequential(
            nn.Linear(TRACK_SIZE + _CONTEXT, size),
            nn.LeakyReLU(_SLOPE),
            nn.Linear(size, size),
            nn.LeakyReLU(_SLOPE),
        )
        self.query = nn.Linear(CONTEXT_SIZE, size)
        self.key, self.value = nn.Linear(size, size), nn.Linear(size, size)
        self.nothing = nn.Parameter(torch.zeros(1, 1, size))  # attended to where no track matters
        layers: list[nn.Module] = []
        before = CONTEXT_SIZE + 2 * size
        for width in settings.hidden:
            layers += [nn.Linear(before, width), nn.LeakyReLU(_SLOPE), nn.Dropout(settings.dropout)]
            before = width
        self.layers = nn.Sequential(*layers, nn.Linear(before, OUTPUTS))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Lateral and longitudinal acceleration (B, 2) [m/s²]."""
        rows = inputs[:, TRACKS].reshape(-1, MAX_TRACKS, TRACK_SIZE)
        exists, context = inputs[:, EXISTS], inputs[:, CONTEXT]
        shared = self.context(context)[:, None].expand(-1, MAX_TRACKS, -1)
        tracks = self.track(torch.cat([rows, shared], dim=2))
        absent = _ABSENT * (1.0 - exists)
        maximum = (tracks - absent[:, :, None]).amax(dim=1).clamp(min=-1.0)
        outputs: torch.Tensor = self.layers(
            torch.cat([context, self._attend(tracks, absent, context), maximum], dim=1)
        )
        return outputs

    def _attend(self, tracks: torch.Tensor, absent: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Weighted mean (B, F) of the values of the tracks (B, T, F) and of `nothing`."""
        size = tracks.shape[2] // self._heads
        choices = torch.cat([self.nothing.expand(tracks.shape[0], -1, -1), tracks], dim=1)
        key, value = (
            layer(choices).unflatten(2, (self._heads, size)).transpose(1, 2)
            for layer in (self.key, self.value)
        )
        query = self.query(context).unflatten(1, (self._heads, 1, size))
        scores = (query * key).sum(dim=3) / size**0.5  # (B, heads, 1 + T)
        penalty = torch.cat([torch.zeros_like(absent[:, :1]), absent], dim=1)
        weights = torch.softmax(scores - penalty[:, None], dim=2)
        attended: torch.Tensor = (weights[..., None] * value).sum(dim=2).flatten(1)
        return attended


def export(network: TrackNet, path: Path) -> None:
    """Write the network as ONNX for one observation at a time."""
    with torch.no_grad(), atomic_file(path) as part:
        torch.onnx.export(
            network.eval(),
            (torch.zeros((1, INPUT_SIZE)),),
            str(part),
            input_names=["inputs"],
            output_names=["accelerations"],
            opset_version=17,
            dynamo=False,
        )
