"""Followed lines as a movie: frames with the lines' projections drawn in, beside the lines in three dimensions."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image, ImageDraw, ImageFont

from rapidstem.figures.style import SERIES_COLOURS, length_label, round_length

# Sizes of the picture, those of `in_situ_movie`: two panels fit a screen of 1024 px.
PANEL_PX, GAP_PX, CAPTION_PX, TEXT_PX = 480, 8, 34, 18
# The foil from above and in front: turned about z, then tipped.
TURNED_DEG, TIPPED_DEG = 25.0, 62.0
FILL = 0.8
GREY, WHITE = (110, 110, 110), (255, 255, 255)


class LineMovieLayout:
    """Where frame, lines, scale bar and words stand in a picture of the movie.

    Parameters
    ----------
    shape : rows and columns of a frame
    pixel_size_nm : of the frames
    limits : intensities shown as black and white
    box_nm : (2, 3) lowest and highest x, y, z of what is drawn in three dimensions
    """

    def __init__(self, shape: tuple[int, int], pixel_size_nm: float, limits: tuple[float, float], box_nm: np.ndarray) -> None:
        self._factor = max(1, round(PANEL_PX / shape[1]))
        self._rows, self._columns = (side * self._factor for side in shape)
        self._limits, self._box = limits, np.asarray(box_nm, float)
        self._bar_nm = round_length(0.28 * shape[1] * pixel_size_nm)
        self._bar_px = round(self._bar_nm / pixel_size_nm * self._factor)
        edge = np.array([[self._box[corner[axis], axis] for axis in range(3)] for corner in np.ndindex(2, 2, 2)])
        self._middle = self._box.mean(axis=0)
        flat = self._turned(edge)
        reach = np.abs(flat).max(axis=0)
        self._scale = FILL * min(self._columns / 2 / reach[0], self._rows / 2 / reach[1])
        self._edges = [(edge[i], edge[j]) for i in range(8) for j in range(i) if np.count_nonzero(edge[i] != edge[j]) == 1]
        fonts = Path(matplotlib.get_data_path()) / "fonts/ttf"
        self._font = ImageFont.truetype(str(fonts / "DejaVuSans.ttf"), TEXT_PX)

    @property
    def size_px(self) -> tuple[int, int]:
        """Rows and columns of a picture, both even, as the coding of movies asks."""
        rows, columns = self._rows + CAPTION_PX, 2 * self._columns + GAP_PX
        return rows + rows % 2, columns + columns % 2

    def picture(
        self, image: np.ndarray, projected_px: Mapping[int, np.ndarray], lines_nm: Mapping[int, np.ndarray], words: str
    ) -> np.ndarray:
        """Compose one picture of the movie.

        Parameters
        ----------
        image : (y, x), pixels without a value are black
        projected_px : rows and columns (n, 2) of every line in the frame, by its number
        lines_nm : the same lines (n, 3) in three dimensions
        words : at the upper right

        Returns
        -------
        (y, x, 3) uint8, of the size `size_px`
        """
        canvas = Image.new("RGB", self.size_px[::-1])
        low, high = self._limits
        grey = np.nan_to_num(np.clip((image - low) / (high - low), 0, 1) * 255).astype(np.uint8)
        enlarged = Image.fromarray(grey).resize((self._columns, self._rows), Image.Resampling.NEAREST)
        canvas.paste(enlarged, (0, CAPTION_PX))
        pen = ImageDraw.Draw(canvas)
        for number, places in projected_px.items():
            across = (places[:, ::-1] + 0.5) * self._factor + (0, CAPTION_PX)
            self._stroke(pen, across, line_colour(number))
        for start, stop in self._edges:
            self._stroke(pen, self._in_space(np.array([start, stop])), GREY, 1)
        for number, points in lines_nm.items():
            self._stroke(pen, self._in_space(points), line_colour(number), 3)
        self._add_words(pen, words)
        return np.asarray(canvas)

    def _turned(self, points_nm: np.ndarray) -> np.ndarray:
        """Points (n, 3) on the screen, right and down, nm from the middle of the box."""
        x, y, z = (points_nm - self._middle).T
        turned, tipped = np.deg2rad(TURNED_DEG), np.deg2rad(TIPPED_DEG)
        right, back = x * np.cos(turned) + y * np.sin(turned), -x * np.sin(turned) + y * np.cos(turned)
        return np.column_stack([right, back * np.cos(tipped) + z * np.sin(tipped)])

    def _in_space(self, points_nm: np.ndarray) -> np.ndarray:
        return self._turned(points_nm) * self._scale + (1.5 * self._columns + GAP_PX, CAPTION_PX + self._rows / 2)

    @staticmethod
    def _stroke(pen: ImageDraw.ImageDraw, places: np.ndarray, colour: tuple[int, int, int], width: int = 2) -> None:
        pen.line([(float(x), float(y)) for x, y in places], fill=colour, width=width, joint="curve")

    def _add_words(self, pen: ImageDraw.ImageDraw, words: str) -> None:
        middle, bottom = CAPTION_PX // 2, CAPTION_PX + self._rows - 10
        pen.text((8, middle), "frame and lines", fill=WHITE, font=self._font, anchor="lm")
        pen.text((self._columns + GAP_PX + 8, middle), "lines in 3-D", fill=WHITE, font=self._font, anchor="lm")
        pen.text((2 * self._columns + GAP_PX - 8, middle), words, fill=WHITE, font=self._font, anchor="rm")
        label = length_label(self._bar_nm)
        width = max(self._bar_px, round(pen.textlength(label, font=self._font))) + 16
        pen.rectangle((10, bottom - 38, 10 + width, bottom), fill=(0, 0, 0))
        start = 10 + (width - self._bar_px) // 2
        pen.rectangle((start, bottom - 10, start + self._bar_px - 1, bottom - 6), fill=WHITE)
        pen.text((10 + width // 2, bottom - 14), label, fill=WHITE, font=self._font, anchor="mb")


def line_colour(number: int) -> tuple[int, int, int]:
    """The colour of a line, the same in all pictures."""
    colours = [colour for colour in SERIES_COLOURS if colour != "#000000"]
    red, green, blue = to_rgb(colours[number % len(colours)])
    return round(255 * red), round(255 * green), round(255 * blue)
