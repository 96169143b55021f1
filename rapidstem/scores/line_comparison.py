"""Lines of tomograms beside those of the slow series and beside the true ones, after the motion that no tilt series can know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rapidstem.dislocations.pairing import rigid_motion
from rapidstem.scores.line_identity import LineIdentity, common_field, identify_lines, identity_scores, whole_field
from rapidstem.scores.line_recovery import line_detection
from rapidstem.scores.positional_error import line_centroids

SLOW, TRUTH = "slow", "truth"


@dataclass(frozen=True)
class PlacedLines:
    """The lines of one tomogram, or the true ones, and the centres by which they are brought onto others.

    Attributes
    ----------
    lines : sequence of np.ndarray, (n, 3)
        Polylines, nm, in the order x, y, z.
    centres : pd.DataFrame
        Their `CENTROID_COLUMNS`.
    """

    lines: Sequence[np.ndarray]
    centres: pd.DataFrame

    @classmethod
    def true(cls, lines: Sequence[np.ndarray], shape: tuple[int, int, int], voxel_size_nm: float) -> "PlacedLines":
        """Give true lines with their centres in the sections of a volume.

        Parameters
        ----------
        lines : sequence of np.ndarray, (point, 3)
            x, y, z in nm.
        shape : tuple of int
            Of the volume (z, y, x).
        voxel_size_nm : float
            Of the volume.

        Returns
        -------
        PlacedLines
        """
        return cls(lines, line_centroids(lines, shape, voxel_size_nm))


@dataclass(frozen=True)
class LineComparison:
    """What came out for one variant beside one reference.

    Attributes
    ----------
    variant, against : str
        Names of the two.
    identity : LineIdentity
        Which line is which.
    scores : pd.DataFrame
        One row of `IDENTITY_COLUMNS`.
    detection : pd.DataFrame
        What was found and what is real, `DETECTION_COLUMNS`.
    """

    variant: str
    against: str
    identity: LineIdentity
    scores: pd.DataFrame
    detection: pd.DataFrame


def compare_lines(
    found: Mapping[str, PlacedLines],
    against_slow: Sequence[str],
    true: Mapping[str, PlacedLines],
    widths_nm: tuple[float, float],
    acquisition: str,
    shown: Mapping[str, Sequence[np.ndarray]] | None = None,
) -> Iterator[LineComparison]:
    """Compare the lines of every tomogram with those of the slow series, and with the true ones.

    With the truth, lines are compared in the whole field; with the slow series, in what both fields have in common.

    Parameters
    ----------
    found : mapping of str to PlacedLines
        By variant, the slow series among them where others are compared with it.
    against_slow : sequence of str
        Variants that are compared with the slow series.
    true : mapping of str to PlacedLines
        True lines of the variants that are compared with them, where they lay when that series was recorded; empty without a truth.
    widths_nm : tuple of float
        Of the field, in x and y.
    acquisition : str
        Copied to the tables.
    shown : mapping of str to sequence of np.ndarray, (n, 3), or None
        The true lines again, joined by their course where four arms or more meet: all that one reflection shows.

    Yields
    ------
    LineComparison
        Those with the slow series first.
    """
    references = [(variant, SLOW, found[SLOW]) for variant in against_slow]
    references += [(variant, TRUTH, reference) for variant, reference in true.items()]
    for variant, against, reference in references:
        motion = rigid_motion(found[variant].centres, reference.centres)
        field_nm = whole_field(widths_nm) if against == TRUTH else common_field(widths_nm, motion)
        identity = identify_lines(found[variant].lines, reference.lines, field_nm, motion)
        by_course = identify_lines(found[variant].lines, shown[variant], field_nm, motion) if shown and against == TRUTH else None
        scores = identity_scores(identity, by_course, acquisition=acquisition, variant=variant, against=against)
        detection = line_detection(
            found[variant].lines, reference.lines, field_nm, motion=motion, acquisition=acquisition, variant=variant, against=against
        )
        yield LineComparison(variant, against, identity, scores, detection)
