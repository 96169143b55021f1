"""Lines of a foil that is no even plate: cut where they leave it."""

from dataclasses import replace

import numpy as np

from rapidstem.microscope.specimen.foil_shape import FoilShape
from rapidstem.microscope.specimen.line_networks import FEWEST_POINTS, DislocationLine

# A step of 8 nm halved so often is below rounding.
BISECTIONS = 40


def cut_lines(lines: list[DislocationLine], shape: FoilShape) -> list[DislocationLine]:
    """Keep the pieces of the lines that lie in the foil, with their ends on its surface."""
    return [replace(line, points_nm=piece) for line in lines for piece in _pieces(line.points_nm, shape)]


def _pieces(points: np.ndarray, shape: FoilShape) -> list[np.ndarray]:
    inside = np.concatenate(([False], shape.inside(points), [False]))
    starts, stops = np.flatnonzero(~inside[:-1] & inside[1:]), np.flatnonzero(inside[:-1] & ~inside[1:])
    pieces = []
    for start, stop in zip(starts, stops, strict=True):
        before = [_on_surface(points[start], points[start - 1], shape)] if start > 0 else []
        after = [_on_surface(points[stop - 1], points[stop], shape)] if stop < len(points) else []
        piece = np.vstack((*before, points[start:stop], *after))
        if len(piece) >= FEWEST_POINTS:
            pieces.append(piece)
    return pieces


def _on_surface(inner: np.ndarray, outer: np.ndarray, shape: FoilShape) -> np.ndarray:
    """Give the last point inside the foil on the way from an inner to an outer one, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if shape.inside((inner + middle * (outer - inner))[None])[0] else (low, middle)
    return inner + low * (outer - inner)
