"""Polylines as VTK polydata (`.vtp`), which ParaView, PyVista and VTK open."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from rapidstem.files.atomic import written_beside

VTK_TYPES = {"f": "Float64", "i": "Int64", "u": "Int64", "b": "Int64"}


def write_polydata(
    path: Path | str,
    polylines: Sequence[np.ndarray],
    line_data: Mapping[str, Sequence[float] | Sequence[str]],
    point_data: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """Write polylines with values for each line and each point, as XML with the numbers in plain text.

    Parameters
    ----------
    path
        File to write, `.vtp`.
    polylines : sequence of ndarray (n, 3)
        Points in the order x, y, z.
    line_data : mapping
        Name to one number, or one text, a line; they become cell data.
    point_data : mapping, optional
        Name to one number a point, line after line.

    Raises
    ------
    ValueError
        If there is not one value for every line or point.
    """
    for name, values in line_data.items():
        if len(values) != len(polylines):
            raise ValueError(f"{name} has {len(values)} values for {len(polylines)} lines")
    root = ElementTree.Element("VTKFile", type="PolyData", version="1.0", byte_order="LittleEndian", header_type="UInt64")
    points = np.concatenate([np.empty((0, 3)), *[np.asarray(line, float) for line in polylines]])
    counts = {"NumberOfPoints": str(len(points)), "NumberOfLines": str(len(polylines))}
    piece = ElementTree.SubElement(ElementTree.SubElement(root, "PolyData"), "Piece", counts)
    _add_array(ElementTree.SubElement(piece, "Points"), "points_nm", points)
    lines = ElementTree.SubElement(piece, "Lines")
    _add_array(lines, "connectivity", np.arange(len(points)))
    _add_array(lines, "offsets", np.cumsum([len(line) for line in polylines], dtype=int))
    if point_data:
        values_of_points = ElementTree.SubElement(piece, "PointData")
        for name, values in point_data.items():
            if len(values) != len(points):
                raise ValueError(f"{name} has {len(values)} values for {len(points)} points")
            _add_array(values_of_points, name, np.asarray(values))
    cells = ElementTree.SubElement(piece, "CellData")
    for name, values in line_data.items():
        _add_array(cells, name, np.asarray(values))
    with written_beside(path) as temporary:
        ElementTree.ElementTree(root).write(temporary, encoding="utf-8", xml_declaration=True)


def _add_array(parent: ElementTree.Element, name: str, values: np.ndarray) -> None:
    """Add a DataArray; texts are lists of character codes that end with 0.

    A line break ends the numbers: without it VTK takes a NaN at the end for the end of the file, and shows nothing of the lines.
    """
    attributes = {"Name": name, "format": "ascii", "type": VTK_TYPES.get(values.dtype.kind, "String")}
    if values.ndim == 2:
        attributes["NumberOfComponents"] = str(values.shape[1])
    if attributes["type"] == "String":
        attributes["NumberOfTuples"] = str(len(values))
        numbers = [str(code) for text in values for code in (*str(text).encode(), 0)]
    elif attributes["type"] == "Float64":
        numbers = [f"{number:.9g}" for number in values.ravel()]
    else:
        numbers = [str(int(number)) for number in values.ravel()]
    ElementTree.SubElement(parent, "DataArray", attributes).text = " ".join(numbers) + "\n"
