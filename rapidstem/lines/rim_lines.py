"""Lines that are none: the rim of a hole of the foil, dark beside the vacuum."""

from collections.abc import Sequence

import numpy as np

from rapidstem.lines.evidence import SeriesEvidence
from rapidstem.tomography.vacuum import FOIL

# Of a line's places in the frames. On a simulated session with a hole its rim has all of them in the rim, dislocations at most 0.22.
LARGEST_SHARE = 0.5


def without_rims(lines: Sequence[np.ndarray], places: np.ndarray, evidence: SeriesEvidence) -> list[np.ndarray]:
    """Leave out lines that lie in vacuum, or at its rim, in most frames; lines that end there, or pass by, stay.

    Parameters
    ----------
    lines : sequence of np.ndarray, (n, 3)
        x, y, z in nm.
    places : np.ndarray, (frame, y, x)
        Of the series, as `vacuum_places` gives them.
    evidence : SeriesEvidence
        Of the same series.

    Returns
    -------
    list of np.ndarray, (n, 3)
        In the order of the lines.
    """
    beside_foil = (places != FOIL).ravel()
    return [line for line in lines if _share(line, beside_foil, evidence) <= LARGEST_SHARE]


def _share(line: np.ndarray, beside_foil: np.ndarray, evidence: SeriesEvidence) -> float:
    places = evidence.places(line)
    seen = beside_foil[evidence.pixels(places)][places.seen]
    return float(seen.mean()) if seen.size else 0.0
