"""Frames of which every fourth row is hidden, and patches in which a network has to fill such rows in."""

import numpy as np
import torch

from rapidstem.denoising.neighbours.series_context import SeriesContext
from rapidstem.denoising.samplers import PatchBatch

# Rows from one hidden row to the next. The noise of a scan is correlated along the row, as far as its offset reaches, so whole rows are
# hidden; a line three pixels wide then still has two rows that show it. By judgement.
PERIOD = 4


def hidden_rows(rows: int, first: int) -> torch.Tensor:
    """Which rows are hidden, (y,) bool: every `PERIOD`-th from the row `first` on.

    Parameters
    ----------
    rows
        Their number.
    first
        From 0 to `PERIOD` - 1.

    Returns
    -------
    (y,) bool
    """
    return torch.arange(rows) % PERIOD == first


def network_inputs(frames: torch.Tensor, neighbours: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """What the network sees of frames: their rows, the hidden ones filled in from the rows above and below; which are hidden; neighbours.

    Parameters
    ----------
    frames : (n, y, x)
        Scaled.
    neighbours : (n, neighbour, y, x)
        Moved to the frames.
    hidden : (y,) bool
        No two rows beside each other.

    Returns
    -------
    (n, 2 + neighbour, y, x)
    """
    above, below = frames.roll(1, 1), frames.roll(-1, 1)
    above[:, 0], below[:, -1] = frames[:, 1], frames[:, -2]
    seen = torch.where(hidden[:, None], (above + below) / 2, frames)
    mask = hidden[None, None, :, None].to(frames).expand(len(frames), 1, *frames.shape[1:])
    return torch.cat([seen[:, None], mask, neighbours], 1)


class HiddenRowSampler:
    """Draws patches of a series whose hidden rows are to be filled in; the target is the frame itself, where it is hidden.

    The noise of a row says nothing of other rows or frames, so the best answer is the frame without noise and without offsets of rows; the
    detector's lag stays in. Half of the patches are turned upside down.

    Parameters
    ----------
    series
        To draw from.
    patch_size_px
        Side of the patches.
    device
        Where they are wanted.

    References
    ----------
    A. Krull, T.-O. Buchholz, F. Jug, CVPR 2019, 2129 (blind spots); C. Broaddus et al., ISBI 2020, 159 (structured masks); D. Y. Sheth et
    al., ICCV 2021, 1759 (neighbouring frames as context).
    """

    def __init__(self, series: SeriesContext, patch_size_px: int, device: torch.device) -> None:
        self._frames = torch.from_numpy(series.scaled).to(device)
        self._neighbours = torch.from_numpy(series.neighbours).to(device)
        self._size = patch_size_px

    def draw(self, count: int, random: np.random.Generator) -> PatchBatch:
        """`count` patches at random places, all with the same rows hidden.

        Parameters
        ----------
        count
            Patches in a batch.
        random
            Source of the random numbers.

        Returns
        -------
        PatchBatch
        """
        frames, neighbours = self.patches(count, random)
        hidden = hidden_rows(self._size, int(random.integers(PERIOD))).to(frames.device)
        counted = hidden[None, None, :, None].to(frames).expand(count, 1, self._size, self._size)
        weights = torch.ones(count, device=frames.device)
        return PatchBatch(network_inputs(frames, neighbours, hidden), frames[:, None], weights, counted)

    def patches(self, count: int, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """`count` patches of frames and of their neighbours at random places, half of them turned upside down, with nothing hidden.

        Parameters
        ----------
        count
            Patches in a batch.
        random
            Source of the random numbers.

        Returns
        -------
        (n, y, x), (n, neighbour, y, x)
            Scaled.
        """
        frame = random.integers(len(self._frames), size=count)
        corner = random.integers(0, np.array(self._frames.shape[1:]) - self._size + 1, (count, 2))
        areas = [(slice(row, row + self._size), slice(column, column + self._size)) for row, column in corner]
        frames = torch.stack([self._frames[number][area] for number, area in zip(frame, areas, strict=True)])
        neighbours = torch.stack([self._neighbours[number][:, *area] for number, area in zip(frame, areas, strict=True)])
        flipped = torch.from_numpy(random.random(count) < 0.5).to(frames.device)
        frames = torch.where(flipped[:, None, None], frames.flip(1), frames)
        neighbours = torch.where(flipped[:, None, None, None], neighbours.flip(2), neighbours)
        return frames, neighbours
