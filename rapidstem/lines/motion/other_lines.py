"""Where other lines are than the one that is being placed: expected ones, those that rest unexplained, and what no line explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.lines.evidence import largest_curvature
from rapidstem.lines.motion.view_evidence import FrameLines

# As long as the shortest line that is traced in a tomogram, and there for so many frames that no chance alignment of noise is.
LEAST_NM, LEAST_FRAMES = 80.0, 5
# One piece in two frames lies at most so far from where it was, at 500 nm/s; a piece may be missing in a frame between.
NEAREST_NM, LONGEST_GAP = 35.0, 2
# By judgement: the log likelihood ratio that makes a pixel dark, e to one for a line.
LEAST_RATIO = 1.0
# Near the faces of the foil the contrast of a line is broader than it is inside, by as much on either side.
BESIDE_WIDTHS = 1.0
# By judgement: noise that differs from frame to frame is hardly dark in one place in five frames more than it is not.
RESTING_FRAMES = 5
# A place that was dark for long is forgotten as soon after its line has gone as one that was dark for a moment.
REMEMBERED_FRAMES = 2 * RESTING_FRAMES


@dataclass
class UnexplainedLine:
    """A dark line that stays.

    Attributes
    ----------
    frames : in which it was seen
    place_px : (2,) row and column of its middle where it was seen first
    last_px : where it was seen last
    length_nm : the longest that it was
    """

    frames: list[int]
    place_px: np.ndarray
    last_px: np.ndarray
    length_nm: float


def dark_pixels(frame: FrameLines) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (y, x), bool, that show a line which none explains, and those that show none and are not hidden by any."""
    explained = scipy.ndimage.binary_dilation(frame.covered, iterations=round(BESIDE_WIDTHS * 2 * frame.curvature.scale_px))
    dark = frame.likelihood(largest_curvature(frame.curvature.second))[0] > LEAST_RATIO
    return dark & frame.valid & ~explained, ~dark & frame.valid & ~explained


def unexplained_pieces(unexplained: np.ndarray, pixel_size_nm: float) -> np.ndarray:
    """Connected dark lines (piece, 3) in unexplained pixels (y, x): row and column of the middle, and length in nm."""
    labels, count = scipy.ndimage.label(unexplained, structure=np.ones((3, 3)))
    pieces = []
    for number, part in enumerate(scipy.ndimage.find_objects(labels), start=1):
        length = float(np.hypot(*(side.stop - side.start for side in part))) * pixel_size_nm
        if length >= LEAST_NM:
            row, column = np.nonzero(labels[part] == number)
            pieces.append((row.mean() + part[0].start, column.mean() + part[1].start, length))
    return np.array(pieces).reshape(-1, 3) if count else np.zeros((0, 3))


def lasting_lines(pieces: Sequence[np.ndarray], pixel_size_nm: float) -> list[UnexplainedLine]:
    """Pieces (frame) of `unexplained_pieces`, joined in time; only those that were seen in five frames or more."""
    found: list[UnexplainedLine] = []
    for number, there in enumerate(pieces):
        open_lines = [line for line in found if number - line.frames[-1] <= LONGEST_GAP]
        for row, column, length in there:
            place = np.array([row, column])
            near = [line for line in open_lines if np.linalg.norm(line.last_px - place) * pixel_size_nm < NEAREST_NM]
            if near:
                line = min(near, key=lambda each: float(np.linalg.norm(each.last_px - place)))
                line.frames.append(number)
                line.last_px, line.length_nm = place, max(line.length_nm, float(length))
            else:
                found.append(UnexplainedLine([number], place, place, float(length)))
    return [line for line in found if len(set(line.frames)) >= LEAST_FRAMES]


class ExpectedLines:
    """Pixels where lines are expected that have not been placed yet: no other line may be led onto them.

    Parameters
    ----------
    expected : mapping of int to np.ndarray, (y, x), bool
        By the number of each line.
    shape : (rows, columns) of a frame
    """

    def __init__(self, expected: Mapping[int, np.ndarray], shape: tuple[int, int]) -> None:
        self._expected = dict(expected)
        self._count = np.zeros(shape, np.int16)
        for mask in self._expected.values():
            self._count += mask

    def barred(self, number: int) -> np.ndarray:
        """Pixels (y, x) that others claim and a line does not, which is placed now and claims nothing any more."""
        own = self._expected.pop(number, None)
        if own is None:
            return np.asarray(self._count > 0)
        self._count -= own
        return (self._count > 0) & ~own


class RestingLines:
    """Where each followed line has seen other ones rest, while it was elsewhere itself; what it saw last holds while it is not seen.

    While the tilt changes, what rests in the foil does not in the frames: such frames are not remembered.

    Parameters
    ----------
    lines : int
        How many are followed.
    shape : (rows, columns) of a frame
    """

    def __init__(self, lines: int, shape: tuple[int, int]) -> None:
        self._frames = np.zeros((lines, *shape), np.int8)

    def barred(self, line: int) -> np.ndarray:
        """Pixels (y, x), bool, in which another line rests than a followed one."""
        return np.asarray(self._frames[line] >= RESTING_FRAMES)

    def note(self, unexplained: np.ndarray, empty: np.ndarray, held: Mapping[int, np.ndarray]) -> None:
        """Remember a frame.

        Parameters
        ----------
        unexplained, empty : np.ndarray, (y, x), bool
            As `dark_pixels` gives them.
        held : mapping of int to np.ndarray, (y, x), bool
            Pixels that each of the lines holds which the frame shows, whether they are seen or not.
        """
        for line, own in held.items():
            frames = self._frames[line]
            frames += unexplained & ~own
            frames -= empty
            np.clip(frames, 0, REMEMBERED_FRAMES, out=frames)
