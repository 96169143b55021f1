"""Followed lines as a movie: frames with the lines' projections drawn in, beside the lines in three dimensions."""

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image, ImageDraw

from rapidstem.figures.in_situ_movie import CAPTION_PX, GAP_PX, TwoPanels
from rapidstem.figures.style import SERIES_COLOURS

# The foil from above and in front: turned about z, then tipped.
TURNED_DEG, TIPPED_DEG = 25.0, 62.0
FILL = 0.8
GREY, WHITE = (110, 110, 110), (255, 255, 255)


class LineMovieLayout(TwoPanels):
    """Where frame, lines, scale bar and words stand in a picture of the movie.

    Parameters
    ----------
    shape : rows and columns of a frame
    pixel_size_nm : of the frames
    limits : intensities shown as black and white
    box_nm : (2, 3) lowest and highest x, y, z of what is drawn in three dimensions
    """

    def __init__(self, shape: tuple[int, int], pixel_size_nm: float, limits: tuple[float, float], box_nm: np.ndarray) -> None:
        super().__init__(shape, pixel_size_nm, ("frame and lines", "lines in 3-D"), WHITE)
        self._limits, self._box = limits, np.asarray(box_nm, float)
        edge = np.array([[self._box[corner[axis], axis] for axis in range(3)] for corner in np.ndindex(2, 2, 2)])
        self._middle = self._box.mean(axis=0)
        flat = self._turned(edge)
        reach = np.abs(flat).max(axis=0)
        self._scale = FILL * min(self._columns / 2 / reach[0], self._rows / 2 / reach[1])
        self._edges = [(edge[i], edge[j]) for i in range(8) for j in range(i) if np.count_nonzero(edge[i] != edge[j]) == 1]

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
        canvas.paste(Image.fromarray(self._enlarged(image, self._limits)), (0, CAPTION_PX))
        pen = ImageDraw.Draw(canvas)
        for number, places in projected_px.items():
            across = (places[:, ::-1] + 0.5) * self._factor + (0, CAPTION_PX)
            self._stroke(pen, across, line_colour(number))
        for start, stop in self._edges:
            self._stroke(pen, self._in_space(np.array([start, stop])), GREY, 1)
        for number, points in lines_nm.items():
            self._stroke(pen, self._in_space(points), line_colour(number), 3)
        self._draw_words(pen, words)
        self._draw_bar(pen)
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


def line_colour(number: int) -> tuple[int, int, int]:
    """The colour of a line, the same in all pictures."""
    colours = [colour for colour in SERIES_COLOURS if colour != "#000000"]
    red, green, blue = to_rgb(colours[number % len(colours)])
    return round(255 * red), round(255 * green), round(255 * blue)
