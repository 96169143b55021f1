"""Dislocation networks in ParaDiS' `.data` format (version 4), which ParaDiS, ExaDiS/OpenDiS and OVITO read."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from rapidstem.files.atomic import emptied_folder, written_beside
from rapidstem.files.tables import write_table

Snapshot = tuple[int, float, Sequence[np.ndarray], np.ndarray]

# ParaDiS' constraints of a node: free, and pinned.
FREE, PINNED = 0, 7
# the first line is what OVITO's importer tells the format by
HEADER = """dataFileVersion = 4
# Dislocation lines measured by tomography.
# BURGERS VECTORS ARE UNKNOWN: every Burgers vector is written as 0 0 0 and must be set before a simulation.
# Coordinates are in nm, along the specimen's x (tilt axis), y and z (beam at zero tilt). A plane normal of 0 0 0 is unknown too.
# Nodes with the constraint {pinned} are ends of lines, at a surface, at the border of the field of view or where a line was lost.
numFileSegments = 1
minCoordinates = [
{low}
]
maxCoordinates = [
{high}
]
nodeCount = {count}
dataDecompType = 2
dataDecompGeometry = [
1
1
1
]
domainDecomposition =
# Dom_ID  Minimum XYZ bounds   Maximum XYZ bounds
  0  {bounds}
nodalData =
#  Primary lines: node_tag, x, y, z, num_arms, constraint
#  Secondary lines: arm_tag, burgx, burgy, burgz, nx, ny, nz
"""


def write_paradis(
    path: Path | str,
    polylines: Sequence[np.ndarray],
    nodes: Sequence[tuple[int, int]],
    plane_normals: np.ndarray,
    box_nm: np.ndarray,
) -> None:
    """Write lines as a network of nodes and straight arms, in nm, with unknown Burgers vectors.

    Parameters
    ----------
    path
        File to write.
    polylines : sequence of ndarray (n, 3)
        Points in nm, in the order x, y, z.
    nodes : sequence of pairs
        Numbers of the nodes at the first and the last point of each line; lines that meet share a number.
    plane_normals : ndarray (line, 3)
        Glide plane of each line in specimen axes, zeros where it is unknown.
    box_nm : ndarray (2, 3)
        Lowest and highest x, y, z of the foil; the file's box reaches as far as the lines where they reach beyond it.
    """
    positions, arms = _node_graph(polylines, nodes, plane_normals)
    low, high = ([f"{value:.8f}" for value in corner] for corner in _box_around(box_nm, polylines))
    corners = {name: "\n".join(f"  {value}" for value in corner) for name, corner in (("low", low), ("high", high))}
    text = [HEADER.format(pinned=PINNED, count=len(positions), bounds=" ".join([*low, *high]), **corners)]
    for number, position in enumerate(positions):
        place = " ".join(f"{value:.8f}" for value in position)
        text.append(f" 0,{number} {place} {len(arms[number])} {PINNED if len(arms[number]) == 1 else FREE}\n")
        for neighbour, normal in arms[number]:
            direction = " ".join(f"{value:.10e}" for value in normal)
            text.append(f"   0,{neighbour} 0.0 0.0 0.0\n       {direction}\n")
    with written_beside(path) as temporary:
        temporary.write_text("".join(text), encoding="utf-8")


def write_paradis_series(path: Path | str, snapshots: Iterable[Snapshot], box_nm: np.ndarray) -> None:
    """Write polylines at several times; the table that names the files is written last.

    Parameters
    ----------
    path
        Table to write, `.csv`: `frame, time_s, file`; the files, named as ParaDiS names its restart files (`rs00000.data`), come into a
        folder of the same name without the suffix, which is emptied before.
    snapshots : iterable of (frame, time, polylines, plane normals)
        Times in seconds; the others as for `write_paradis`.
    box_nm : ndarray (2, 3)
        Lowest and highest x, y, z of the foil in view; all files have one box, which reaches as far as the lines of any.
    """
    path = Path(path)
    folder = emptied_folder(path)
    moments, rows = list(snapshots), []
    box_nm = _box_around(box_nm, [line for _, _, polylines, _ in moments for line in polylines])
    for frame, time_s, polylines, normals in moments:
        name = f"rs{frame:05d}.data"
        nodes = [(2 * number, 2 * number + 1) for number in range(len(polylines))]
        write_paradis(folder / name, polylines, nodes, normals, box_nm)
        rows.append((frame, time_s, f"{folder.name}/{name}"))
    write_table(path, pd.DataFrame(rows, columns=["frame", "time_s", "file"]))


def _box_around(box_nm: np.ndarray, polylines: Sequence[np.ndarray]) -> np.ndarray:
    """Lowest and highest x, y, z of a box and of all lines: a program that repeats the box puts what lies outside on its other side."""
    low, high = np.asarray(box_nm, float)
    points = np.concatenate([[low, high], *polylines])
    return np.stack([points.min(axis=0), points.max(axis=0)])


def _node_graph(
    polylines: Sequence[np.ndarray], nodes: Sequence[tuple[int, int]], plane_normals: np.ndarray
) -> tuple[list[np.ndarray], list[list[tuple[int, np.ndarray]]]]:
    """Number all points, those of shared nodes once: positions, and for every point its neighbours with the arm's plane normal."""
    positions: list[np.ndarray] = []
    arms: list[list[tuple[int, np.ndarray]]] = []
    known: dict[int, int] = {}

    def number_of(node: int | None, position: np.ndarray) -> int:
        if node is not None and node in known:
            return known[node]
        positions.append(position)
        arms.append([])
        if node is not None:
            known[node] = len(positions) - 1
        return len(positions) - 1

    for points, (start, end), normal in zip(polylines, nodes, plane_normals, strict=True):
        tags = [start, *[None] * (len(points) - 2), end]
        numbers = [number_of(tag, point) for tag, point in zip(tags, points, strict=True)]
        for one, two in pairwise(numbers):
            arms[one].append((two, normal))
            arms[two].append((one, normal))
    return positions, arms
