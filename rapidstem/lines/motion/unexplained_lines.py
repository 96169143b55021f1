"""Dark lines in the frames that no followed line explains: new dislocations, or those that were lost."""

from collections.abc import Sequence
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


def unexplained_pieces(frame: FrameLines, pixel_size_nm: float) -> np.ndarray:
    """Connected dark lines (piece, 3) outside of what lines cover: row and column of the middle, and length in nm."""
    explained = scipy.ndimage.binary_dilation(frame.covered, iterations=round(BESIDE_WIDTHS * 2 * frame.curvature.scale_px))
    dark = (frame.likelihood(largest_curvature(frame.curvature.second))[0] > LEAST_RATIO) & frame.valid & ~explained
    labels, count = scipy.ndimage.label(dark, structure=np.ones((3, 3)))
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
