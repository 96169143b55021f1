"""Between what heights the foil lies: where its dense lines end."""

import numpy as np

# Of the densest section, for lines in a volume and for points on lines, which are spread by their errors.
LEAST_SHARE, LEAST_SHARE_OF_POINTS = 0.002, 0.2
# Of the foil: 7.5 nm of 300, half a line width.
SECTIONS = 40


def foil_surfaces(density: np.ndarray, inward: int, least_share: float = LEAST_SHARE) -> tuple[float, float]:
    """The lowest and the highest of the foil's sections, in fractions of a section.

    Lines end at the surfaces, so that their density in a section of constant z falls there to half of what it is a little further
    inside. What lies beyond at a lower density is spread by errors.

    Parameters
    ----------
    density : np.ndarray, (z,)
        Amount of lines in each section; not all zero.
    inward : int
        Sections inside of the surface to which it is compared.
    least_share : float
        Sections with less than this share of the densest one's lines are no part of the foil.

    Returns
    -------
    lowest, highest : float
        Counted in sections from the first.
    """
    return _outer_edge(density, inward, least_share), len(density) - 1 - _outer_edge(density[::-1], inward, least_share)


def foil_of_points(height: np.ndarray, weight: np.ndarray, thickness: float) -> tuple[float, float]:
    """Lower and upper surface of the foil, in the unit of the heights, from points on its lines.

    Parameters
    ----------
    height : np.ndarray, (point,)
    weight : np.ndarray, (point,)
        How surely a point is one of a line; the number of frames that it is seen in.
    thickness : float
        Of the foil, roughly: it gives the size of a section, a fortieth, and of what is a little further inside, a tenth.

    Returns
    -------
    lowest, highest : float
        In the unit of the heights.
    """
    size = thickness / SECTIONS
    edges = np.arange(np.min(height) - size / 2, np.max(height) + size, size)
    density, _ = np.histogram(height, edges, weights=weight)
    lowest, highest = foil_surfaces(density.astype(float), SECTIONS // 10, LEAST_SHARE_OF_POINTS)
    return float(edges[0] + lowest * size), float(edges[0] + (highest + 1) * size)


def _outer_edge(density: np.ndarray, inward: int, least_share: float) -> float:
    """Where the density, from the first section on, reaches half of its median over the next `inward` ones, between two sections."""
    padded = np.concatenate([density, np.zeros(inward)])
    level = np.array([np.median(padded[index + 1 : index + 1 + inward]) for index in range(len(density))]) / 2
    first = int(np.argmax((density >= level) & (level >= least_share * density.max())))
    if first == 0 or density[first] == density[first - 1]:
        return float(first)
    return first - float(np.clip((density[first] - level[first]) / (density[first] - density[first - 1]), 0, 1))
