"""Lines in time for ParaView: read back with VTK, and with PyVista where it is installed."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from rapidstem.files import write_polydata_series

LINES = [[np.array([[0.0, 1, 2], [3, 4, 5]]), np.array([[1.0, 0, 0], [1, 2, 0], [1, 2, 3]])], [], [np.array([[7.0, 8, 9], [1, 1, 1]])]]


def _moments():
    for number, lines in enumerate(LINES):
        points = sum(len(line) for line in lines)
        yield 0.0712345 * number, lines, {"line": list(range(len(lines)))}, {"velocity_nm_per_s": np.arange(points, dtype=float)}


def test_every_moment_has_its_time_and_its_lines(tmp_path: Path) -> None:
    io = pytest.importorskip("vtkmodules.vtkIOXML", reason="VTK is not installed (pip install vtk)")
    write_polydata_series(tmp_path / "lines.pvd", _moments())
    entries = ElementTree.parse(tmp_path / "lines.pvd").getroot().findall("Collection/DataSet")
    assert [float(entry.get("timestep", "")) for entry in entries] == pytest.approx([0.0, 0.0712345, 0.142469])
    for entry, lines in zip(entries, LINES, strict=True):
        reader = io.vtkXMLPolyDataReader()
        reader.SetFileName(str(tmp_path / str(entry.get("file"))))
        reader.Update()
        found = reader.GetOutput()
        assert found.GetNumberOfLines() == len(lines)
        assert found.GetNumberOfPoints() == sum(len(line) for line in lines)
        if lines:
            assert found.GetPoint(0) == pytest.approx(lines[0][0])
            assert found.GetPointData().GetArray("velocity_nm_per_s").GetValue(1) == 1.0


def test_pyvista_reads_the_times(tmp_path: Path) -> None:
    pyvista = pytest.importorskip("pyvista", reason="PyVista is not installed (pip install pyvista)")
    write_polydata_series(tmp_path / "lines.pvd", _moments())
    reader = pyvista.get_reader(str(tmp_path / "lines.pvd"))
    assert reader.time_values == pytest.approx([0.0, 0.0712345, 0.142469])
    reader.set_active_time_value(reader.time_values[2])
    assert reader.read()[0].points[0] == pytest.approx([7, 8, 9])


def test_a_shorter_series_leaves_nothing_of_the_longer_one(tmp_path: Path) -> None:
    write_polydata_series(tmp_path / "lines.pvd", _moments())
    write_polydata_series(tmp_path / "lines.pvd", list(_moments())[:1])
    assert [path.name for path in sorted((tmp_path / "lines").iterdir())] == ["00000.vtp"]
