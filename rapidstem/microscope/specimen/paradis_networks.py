"""Dislocation networks in ParaDiS' `.data` format (periodic boxes of discrete dislocation dynamics) as specimens.

The network is scaled to the density of the settings, turned from crystal to specimen axes, and a foil is cut out of its periodic
repetition at a random place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.crystal import specimen_axes
from rapidstem.microscope.specimen.line_networks import STEP_NM, DislocationLine, on_face

Node = tuple[int, int]


@dataclass(frozen=True)
class NetworkArm:
    """A straight piece from a node to a neighbour, with the Burgers vector for this direction, in units of b."""

    neighbour: Node
    burgers: np.ndarray
    plane_normal: np.ndarray


@dataclass(frozen=True)
class ParadisNetwork:
    """A network as the file has it; lengths in units of b, axes those of the crystal.

    Attributes
    ----------
    box : (2, 3) lowest and highest coordinates of the periodic box
    position : node -> (3,)
    arms : node -> its arms
    """

    box: np.ndarray
    position: dict[Node, np.ndarray]
    arms: dict[Node, list[NetworkArm]]

    def nearest(self, vector: np.ndarray) -> np.ndarray:
        """Give the shortest of the periodic images of difference vectors (..., 3)."""
        width = self.box[1] - self.box[0]
        return vector - width * np.rint(vector / width)


def read_network(path: Path | str) -> ParadisNetwork:
    """Read a ParaDiS `.data` file.

    Parameters
    ----------
    path
        File to read.

    Raises
    ------
    InputError
        The file cannot be read or is no ParaDiS network.
    """
    try:
        text = "\n".join(line.partition("#")[0] for line in Path(path).read_text().splitlines())
        corners = [np.array(text.split(f"{name} = [")[1].split("]")[0].split(), float) for name in ("minCoordinates", "maxCoordinates")]
        position, arms = _read_nodes(iter(text.split("nodalData =")[1].replace(",", " ").split()))
    except (OSError, IndexError, ValueError, StopIteration, RuntimeError) as error:
        raise InputError(f"{path}: not a dislocation network in ParaDiS' .data format ({error!r})") from error
    if not position:
        raise InputError(f"{path}: the network has no nodes")
    return ParadisNetwork(np.array(corners), position, arms)


def _read_nodes(words: Iterator[str]) -> tuple[dict[Node, np.ndarray], dict[Node, list[NetworkArm]]]:
    """Read nodes: tag (2), position (3), number of arms, constraint; for each arm tag (2), Burgers vector (3), plane normal (3)."""
    position: dict[Node, np.ndarray] = {}
    arms: dict[Node, list[NetworkArm]] = {}

    def vector() -> np.ndarray:
        return np.array([float(next(words)) for _ in range(3)])

    for first in words:
        node = (int(first), int(next(words)))
        position[node] = vector()
        count = int(next(words))
        next(words)
        arms[node] = [NetworkArm((int(next(words)), int(next(words))), vector(), vector()) for _ in range(count)]
    return position, arms


def chains(network: ParadisNetwork) -> list[DislocationLine]:
    """Join the arms into lines that run from junction to junction, or around a loop, with one Burgers vector and plane each.

    Parameters
    ----------
    network
        As `read_network` gives it.

    Returns
    -------
    list of DislocationLine
        Unwrapped points still in units of b and crystal axes; Burgers vectors in units of the lattice parameter of fcc.
    """
    done: set[tuple[Node, Node]] = set()
    lines = []
    ends = [node for node, arms in network.arms.items() if len(arms) != 2]
    inner = [node for node, arms in network.arms.items() if len(arms) == 2]
    for node in (*ends, *inner):
        for arm in network.arms[node]:
            if (node, arm.neighbour) not in done:
                lines.append(_follow(network, node, arm, done))
    return lines


def _follow(network: ParadisNetwork, node: Node, arm: NetworkArm, done: set[tuple[Node, Node]]) -> DislocationLine:
    """Walk from an arm until a junction, a change of plane, or the walk's own start."""
    points = [network.position[node]]
    first = arm
    while True:
        done.update(((node, arm.neighbour), (arm.neighbour, node)))
        points.append(points[-1] + network.nearest(network.position[arm.neighbour] - points[-1]))
        previous, node = node, arm.neighbour
        onward = [each for each in network.arms[node] if each.neighbour != previous]
        same_plane = len(onward) == 1 and np.allclose(np.abs(onward[0].plane_normal @ first.plane_normal), 1, atol=1e-3)
        if len(network.arms[node]) != 2 or not same_plane or (node, onward[0].neighbour) in done:
            break
        arm = onward[0]
    return DislocationLine(np.array(points), first.burgers / np.sqrt(2), first.plane_normal / np.linalg.norm(first.plane_normal))


def lines_from_network(
    path: Path | str, settings: MicroscopeSettings, half_box_nm: np.ndarray, rng: np.random.Generator
) -> list[DislocationLine]:
    """Fill a box of foil from a periodic network.

    Parameters
    ----------
    path
        Of the ParaDiS file.
    settings
        Of the virtual microscope.
    half_box_nm : (3,)
        Half widths of the box in x, y and z.
    rng
        Source of the random numbers.

    Returns
    -------
    list of DislocationLine
        In specimen axes, nm.

    Raises
    ------
    InputError
        The file is no network, its crystal is not fcc, or nothing of it lies in the box.
    """
    network = read_network(path)
    lines = chains(network)
    if not all(np.allclose(2 * line.burgers, np.rint(2 * line.burgers), atol=0.01) for line in lines):
        raise InputError(f"{path}: the Burgers vectors are not those of an fcc crystal (a/2<110> and their sums)")
    width = network.box[1] - network.box[0]
    density = sum(line.length_nm for line in lines) / np.prod(width)
    scale = np.sqrt(density / (settings.dislocation_density_per_m2 * 1e-18))
    axes = specimen_axes(settings.foil_normal)
    origin = rng.uniform(network.box[0], network.box[1]) * scale
    cut = []
    for line in lines:
        points = _resampled(line.points_nm * scale - origin)
        for offset in _repetitions(points, width * scale, axes, half_box_nm):
            for piece in _pieces_inside((points + offset) @ axes.T, half_box_nm):
                cut.append(DislocationLine(piece, line.burgers, line.plane_normal))
    if not cut:
        raise InputError(f"{path}: no dislocation of the network lies in the foil; choose a higher dislocation_density_per_m2")
    return cut


def _resampled(points: np.ndarray) -> np.ndarray:
    """Put points about every STEP_NM along a polyline."""
    along = np.concatenate(([0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))))
    at = np.linspace(0, along[-1], max(4, int(along[-1] / STEP_NM) + 1))
    return np.column_stack([np.interp(at, along, coordinate) for coordinate in points.T])


def _repetitions(points: np.ndarray, width: np.ndarray, axes: np.ndarray, half_box_nm: np.ndarray) -> Iterator[np.ndarray]:
    """Give the periodic displacements with which a line can come into the box."""
    reach = np.abs(axes).T @ half_box_nm
    lowest = np.ceil((-reach - points.max(axis=0)) / width).astype(int)
    highest = np.floor((reach - points.min(axis=0)) / width).astype(int)
    for numbers in product(*(range(low, high + 1) for low, high in zip(lowest, highest, strict=True))):
        yield np.array(numbers) * width


def _pieces_inside(points: np.ndarray, half_box_nm: np.ndarray) -> list[np.ndarray]:
    """Cut a polyline into its pieces inside the box, each of them ending on the box's faces where it goes on outside."""
    inside = np.all(np.abs(points) <= half_box_nm, axis=1)
    change = np.flatnonzero(np.diff(inside.astype(int), prepend=0, append=0))
    pieces = []
    for start, stop in zip(change[::2], change[1::2], strict=True):
        piece = points[start:stop]
        if start > 0:
            piece = np.vstack((on_face(points[start], points[start - 1], half_box_nm), piece))
        if stop < len(points):
            piece = np.vstack((piece, on_face(points[stop - 1], points[stop], half_box_nm)))
        if len(piece) >= 3:
            pieces.append(piece)
    return pieces
