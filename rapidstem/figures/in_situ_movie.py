"""In-situ series as a movie: raw and denoised side by side with scale bar, time and temperature."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from rapidstem.figures.style import length_label, round_length
from rapidstem.files.atomic import written_beside

# Sizes of the picture: two panels fit a screen of 1024 px.
PANEL_PX = 480
GAP_PX = 8
CAPTION_PX = 34
TEXT_PX = 18
# Of a picture: players that decode H.264 in hardware take no wider ones.
WIDEST_PX = 4096
# Pictures a second: that of television, and the limits of what players take.
UNKNOWN_RATE = Fraction(25)
RATES = (Fraction(1), Fraction(60))
QUALITY = "20"


class TwoPanels:
    """What pictures of all movies share: two panels side by side, names and words above them, a scale bar in the left one.

    Images of few pixels are enlarged by a whole number. Of images with so many that the picture would be too wide for players, each square
    of two or more pixels a side becomes one, its mean; rows and columns that fill no square are left out.

    Parameters
    ----------
    shape : rows and columns of an image
    pixel_size_nm : of the images
    names : what the left and the right panel are called
    white : in the colours of the picture, 255 or (255, 255, 255)
    """

    def __init__(self, shape: tuple[int, int], pixel_size_nm: float, names: tuple[str, str], white: int | tuple[int, int, int]) -> None:
        self._enlarging = max(1, round(PANEL_PX / shape[1]))
        self._binning = -(-shape[1] // ((WIDEST_PX - GAP_PX) // 2))
        self._factor = self._enlarging / self._binning
        self._rows, self._columns = (side // self._binning * self._enlarging for side in shape)
        self._names, self._white = names, white
        self._bar_nm = round_length(0.28 * shape[1] * pixel_size_nm)
        self._bar_px = round(self._bar_nm / pixel_size_nm * self._factor)
        fonts = Path(matplotlib.get_data_path()) / "fonts/ttf"
        self._font = ImageFont.truetype(str(fonts / "DejaVuSans.ttf"), TEXT_PX)

    @property
    def size_px(self) -> tuple[int, int]:
        """Rows and columns of a picture, both even, as the coding of movies asks."""
        rows, columns = self._rows + CAPTION_PX, 2 * self._columns + GAP_PX
        return rows + rows % 2, columns + columns % 2

    def _enlarged(self, image: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
        """An image in grey at the size of a panel; pixels without a value are black."""
        grey = np.nan_to_num(np.clip((_binned(image, self._binning) - limits[0]) / (limits[1] - limits[0]), 0, 1) * 255).astype(np.uint8)
        return grey.repeat(self._enlarging, axis=0).repeat(self._enlarging, axis=1)

    def _draw_words(self, pen: ImageDraw.ImageDraw, words: str) -> None:
        middle = CAPTION_PX // 2
        pen.text((8, middle), self._names[0], fill=self._white, font=self._font, anchor="lm")
        pen.text((self._columns + GAP_PX + 8, middle), self._names[1], fill=self._white, font=self._font, anchor="lm")
        pen.text((2 * self._columns + GAP_PX - 8, middle), words, fill=self._white, font=self._font, anchor="rm")

    def _draw_bar(self, pen: ImageDraw.ImageDraw) -> None:
        label = length_label(self._bar_nm)
        width = max(self._bar_px, round(pen.textlength(label, font=self._font))) + 16
        left, bottom = 10, CAPTION_PX + self._rows - 10
        pen.rectangle((left, bottom - 38, left + width, bottom), fill="black")
        start = left + (width - self._bar_px) // 2
        pen.rectangle((start, bottom - 10, start + self._bar_px - 1, bottom - 6), fill=self._white)
        pen.text((left + width // 2, bottom - 14), label, fill=self._white, font=self._font, anchor="mb")


def _binned(image: np.ndarray, factor: int) -> np.ndarray:
    rows, columns = (side // factor for side in image.shape)
    return image[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor).mean(axis=(1, 3)) if factor > 1 else image


class MovieLayout(TwoPanels):
    """Where the two images, the scale bar and the words stand in a picture of the movie.

    Parameters
    ----------
    shape : rows and columns of an image
    pixel_size_nm : of the images
    names : what the left and the right image are called
    limits : intensities shown as black and white, of the left and of the right image
    """

    def __init__(
        self, shape: tuple[int, int], pixel_size_nm: float, names: tuple[str, str], limits: tuple[tuple[float, float], tuple[float, float]]
    ) -> None:
        super().__init__(shape, pixel_size_nm, names, 255)
        self._limits = limits

    def picture(self, left: np.ndarray, right: np.ndarray, words: str) -> np.ndarray:
        """Compose one picture (y, x) uint8; pixels without a value are black.

        Parameters
        ----------
        left, right : ndarray (y, x)
            Raw and denoised frame, NaN where nothing was seen.
        words : str
            Written above them.

        Returns
        -------
        ndarray (y, x) of uint8
            Of the size of the layout.
        """
        rows, columns = self.size_px
        canvas = np.zeros((rows, columns), np.uint8)
        for number, image in enumerate((left, right)):
            start = number * (self._columns + GAP_PX)
            canvas[CAPTION_PX : CAPTION_PX + self._rows, start : start + self._columns] = self._enlarged(image, self._limits[number])
        picture = Image.fromarray(canvas)
        self._draw_words(ImageDraw.Draw(picture), words)
        self._draw_bar(ImageDraw.Draw(picture))
        return np.asarray(picture)


def picture_words(time_s: float, temperature_c: float) -> str:
    """Time and temperature of a frame, as far as they are known (NaN where not).

    Parameters
    ----------
    time_s : float
        Since the first frame.
    temperature_c : float
        Of the specimen.
    """
    known = [(time_s, f"{time_s:.2f} s"), (temperature_c, f"{temperature_c:.0f} °C")]
    return "   ".join(text for value, text in known if np.isfinite(value))


def frame_rate(time_s: np.ndarray) -> Fraction:
    """Pictures a second, so that the movie is as long as the series was; 25 where the times are unknown.

    Movies play from 1 to 60 pictures a second: slower and faster series are shown at these limits.

    Parameters
    ----------
    time_s : ndarray (frame,)
        Start of each frame.

    Returns
    -------
    Fraction
        Pictures a second.
    """
    step = float(np.diff(time_s).mean()) if len(time_s) > 1 and np.isfinite(time_s).all() else 0.0
    if not step > 0:
        return UNKNOWN_RATE
    return min(max(Fraction(1 / step).limit_denominator(1000), RATES[0]), RATES[1])


def write_movie(path: Path | str, pictures: Iterable[np.ndarray], size_px: tuple[int, int], rate: Fraction) -> None:
    """Write pictures, (y, x) or (y, x, 3) uint8, as an MP4 (H.264, 4:2:0) that browsers, PowerPoint and phones play.

    One picture is in memory at a time.

    Parameters
    ----------
    path : file to write, `*.mp4`; it appears only when it is complete
    pictures : one a frame, (y, x) uint8
    size_px : rows and columns of a picture, both even
    rate : pictures a second
    """
    import av

    with written_beside(path) as temporary, av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=rate, options={"crf": QUALITY, "preset": "veryfast"})
        stream.height, stream.width = size_px
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="gray" if picture.ndim == 2 else "rgb24")
            for packet in stream.encode(frame.reformat(format="yuv420p")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
