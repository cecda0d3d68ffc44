"""The policy's head: from the features of recent images to the controls.

Features by column stay in columns, with the moments of a column stacked as channels, and pass through 1-D
convolutions over the columns: an approaching actor shows as a difference within one column, in whichever
column it is. The rest of the head gets the maximum and the mean over the columns, and a few numbers of each
column.

The attributes' names are tensor names in stored weights.
"""

from __future__ import annotations

import torch
from torch import nn

from drive_stack.learning.imitation.column_targets import COLUMNS
from drive_stack.learning.imitation.config import NetworkSettings
from drive_stack.policy.state_vector import STATE_SIZE

OUTPUTS = 2  # of the policy: lateral and longitudinal acceleration [m/s²]
_SLOPE = 0.1
_CONTEXT = 24  # numbers of the other inputs that every column gets
_PER_COLUMN = 8  # output numbers of each column


class ColumnReader(nn.Module):
    """Maps features by column (B, C, `COLUMNS`) and other inputs (B, D) to (B, size)."""

    def __init__(self, channels: int, context: int, widths: tuple[int, ...]) -> None:
        """``context`` is D; ``widths`` are the channels of the layers."""
        super().__init__()
        x = torch.linspace(-1.0, 1.0, COLUMNS)
        self.place: torch.Tensor
        self.register_buffer("place", torch.stack([x, x * x])[None], persistent=False)
        self.tell = nn.Linear(context, _CONTEXT)
        layers: list[nn.Module] = []
        before = channels + _CONTEXT + 2
        for width in widths:
            layers += [nn.Conv1d(before, width, 3, padding=1), nn.LeakyReLU(_SLOPE, inplace=True)]
            before = width
        self.layers = nn.Sequential(*layers)
        self.each = nn.Conv1d(before, _PER_COLUMN, 1)
        self.size = 2 * before + _PER_COLUMN * COLUMNS

    def forward(self, columns: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Compute the features."""
        context = self.tell(context)[:, :, None].expand(-1, -1, COLUMNS)
        place = self.place.expand(columns.shape[0], -1, -1)
        features = self.layers(torch.cat([columns, context, place], dim=1))
        return torch.cat([features.amax(dim=2), features.mean(dim=2), self.each(features).flatten(1)], dim=1)


class Head(nn.Module):
    """Maps features of all moments and the state, (B, history · F + `STATE_SIZE`), to (B, outputs)."""

    def __init__(self, settings: NetworkSettings, outputs: int = OUTPUTS) -> None:
        super().__init__()
        self._history = len(settings.history)
        self._sizes = [encoder.size for encoder in settings.encoders]
        self._by_columns = [encoder.column_features is not None for encoder in settings.encoders]
        flat = sum(encoder.size for encoder in settings.encoders if encoder.column_features is None)
        channels = sum(encoder.column_features or 0 for encoder in settings.encoders)
        inputs = self._history * flat + STATE_SIZE
        self.reader = (
            ColumnReader(self._history * channels, inputs, settings.column_channels) if channels else None
        )
        layers: list[nn.Module] = []
        before = inputs + (self.reader.size if self.reader is not None else 0)
        for width in settings.hidden:
            part = [
                nn.Linear(before, width),
                nn.LeakyReLU(_SLOPE, inplace=True),
                nn.Dropout(settings.dropout),
            ]
            layers.append(nn.Sequential(*part))
            before = width
        self.layers = nn.ModuleList(layers)
        self.out = nn.Linear(before, outputs)

    def first_layer(self, inputs: torch.Tensor) -> torch.Tensor:
        """Output of the first hidden layer."""
        features, state = inputs[:, :-STATE_SIZE], inputs[:, -STATE_SIZE:]
        parts = torch.split(features.reshape(features.shape[0], self._history, -1), self._sizes, dim=2)
        flat = [
            part.flatten(1) for part, by_column in zip(parts, self._by_columns, strict=True) if not by_column
        ]
        known = torch.cat([*flat, state], dim=1)
        if self.reader is not None:
            columns = [
                part.reshape(part.shape[0], -1, COLUMNS)
                for part, by_column in zip(parts, self._by_columns, strict=True)
                if by_column
            ]
            known = torch.cat([self.reader(torch.cat(columns, dim=1), known), known], dim=1)
        hidden: torch.Tensor = self.layers[0](known)
        return hidden

    def remaining_layers(self, hidden: torch.Tensor) -> torch.Tensor:
        """Controls from the output of the first hidden layer."""
        for layer in self.layers[1:]:
            hidden = layer(hidden)
        controls: torch.Tensor = self.out(hidden)
        return controls

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Compute the controls."""
        return self.remaining_layers(self.first_layer(inputs))
