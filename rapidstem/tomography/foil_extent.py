"""Between what heights the foil lies: where its dense lines end."""

import numpy as np

# Of the densest section.
LEAST_SHARE = 0.002
# Of the foil's median section, that of all sections with more than a third of the median one of all: errors spread fewer points beyond the
# surfaces. The middle of 26 simulated series is right to 8 nm rms, 19 nm at most (`benchmarks.alignment_accuracy`).
LEAST_SHARE_OF_POINTS, OCCUPIED_SHARE = 0.4, 1 / 3
# Of the foil: 7.5 nm of 300, half a line width.
SECTIONS = 40


def foil_surfaces(density: np.ndarray, inward: int) -> tuple[float, float]:
    """The lowest and the highest of the foil's sections, in fractions of a section.

    Lines end at the surfaces, so that their density in a section of constant z falls there to half of what it is a little further
    inside. What lies beyond at a lower density is spread by errors.

    Parameters
    ----------
    density : np.ndarray, (z,)
        Amount of lines in each section; not all zero.
    inward : int
        Sections inside of the surface to which it is compared.

    Returns
    -------
    lowest, highest : float
        Counted in sections from the first.
    """
    return _outer_edge(density, inward), len(density) - 1 - _outer_edge(density[::-1], inward)


def foil_of_points(height: np.ndarray, weight: np.ndarray, thickness: float) -> tuple[float, float]:
    """Lower and upper surface of the foil, in the unit of the heights, from points on its lines: its outermost sections that hold enough.

    Points are few, and one line that runs level makes a section dense: neither the densest section nor the next ones tell how many points
    a section of the foil has, but the median one does.

    Parameters
    ----------
    height : np.ndarray, (point,)
    weight : np.ndarray, (point,)
        How surely a point is one of a line; the number of frames that it is seen in.
    thickness : float
        Of the foil, roughly: it gives the size of a section, a fortieth.

    Returns
    -------
    lowest, highest : float
        In the unit of the heights.
    """
    size = thickness / SECTIONS
    edges = np.arange(np.min(height) - size / 2, np.max(height) + size, size)
    density, _ = np.histogram(height, edges, weights=weight)
    usual = np.median(density[density > 0])
    usual = np.median(density[density > OCCUPIED_SHARE * usual])
    enough = np.flatnonzero(density >= LEAST_SHARE_OF_POINTS * usual)
    return float(edges[enough[0]]), float(edges[enough[-1] + 1])


def _outer_edge(density: np.ndarray, inward: int) -> float:
    """Where the density, from the first section on, reaches half of its median over the next `inward` ones, between two sections."""
    padded = np.concatenate([density, np.zeros(inward)])
    level = np.array([np.median(padded[index + 1 : index + 1 + inward]) for index in range(len(density))]) / 2
    first = int(np.argmax((density >= level) & (level >= LEAST_SHARE * density.max())))
    if first == 0 or density[first] == density[first - 1]:
        return float(first)
    return first - float(np.clip((density[first] - level[first]) / (density[first] - density[first - 1]), 0, 1))
