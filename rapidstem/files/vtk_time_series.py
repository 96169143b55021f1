"""Polylines that change in time as a VTK time series: a `.pvd` that names one `.vtp` for every moment, which ParaView and PyVista open."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from rapidstem.files.atomic import emptied_folder, written_beside
from rapidstem.files.vtk_polydata import write_polydata

Moment = tuple[float, Sequence[np.ndarray], Mapping[str, Sequence[float] | Sequence[str]], Mapping[str, Sequence[float]]]


def write_polydata_series(path: Path | str, moments: Iterable[Moment]) -> None:
    """Write polylines at several times; the file that names the others is written last.

    Parameters
    ----------
    path
        File to write, `.pvd`; the `.vtp` files come into a folder of the same name without the suffix, which is emptied before.
    moments : iterable of (time, polylines, line data, point data)
        Times in seconds; the others as for `rapidstem.files.vtk_polydata.write_polydata`.
    """
    path = Path(path)
    folder = emptied_folder(path)
    root = ElementTree.Element("VTKFile", type="Collection", version="0.1", byte_order="LittleEndian")
    collection = ElementTree.SubElement(root, "Collection")
    for number, (time_s, polylines, line_data, point_data) in enumerate(moments):
        name = f"{number:05d}.vtp"
        write_polydata(folder / name, polylines, line_data, point_data)
        ElementTree.SubElement(collection, "DataSet", timestep=f"{time_s:.9g}", group="", part="0", file=f"{folder.name}/{name}")
    with written_beside(path) as temporary:
        ElementTree.ElementTree(root).write(temporary, encoding="utf-8", xml_declaration=True)
