"""Small pictures of raw images, side by side."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from rapidstem.files.atomic import written_beside

# Four of them beside a table on a screen of 1300 px, by judgement.
SIDE_PX, GAP_PX = 96, 3
# Of the intensities that become black and white: single hot or dead pixels must not decide.
_PERCENTILES = (1.0, 99.0)


def write_thumbnails(path: Path | str, images: Sequence[np.ndarray]) -> None:
    """Write images as one PNG, from left to right, each in its own grey scale.

    Parameters
    ----------
    path
        Of the picture.
    images : sequence of np.ndarray, (y, x)
        Of any size and type.
    """
    small = [_small(image) for image in images]
    row = Image.new("L", (sum(each.width for each in small) + GAP_PX * (len(small) - 1), max(each.height for each in small)), 255)
    left = 0
    for each in small:
        row.paste(each, (left, 0))
        left += each.width + GAP_PX
    with written_beside(path) as temporary:
        row.save(temporary, "PNG")


def _small(image: np.ndarray) -> Image.Image:
    values = np.nan_to_num(np.asarray(image, np.float32))
    low, high = np.percentile(values, _PERCENTILES)
    grey = np.clip((values - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    scale = SIDE_PX / max(grey.shape)
    return Image.fromarray(grey).resize((max(round(grey.shape[1] * scale), 1), max(round(grey.shape[0] * scale), 1)), Image.Resampling.BOX)
