"""Tables of lines, and the files made of them."""

import numpy as np
import pytest
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from rapidstem.dislocations.line_tables import foil_box, line_density, line_points, line_summary, polylines_of, traced_points
from rapidstem.dislocations.polylines import BORDER, JUNCTION, SURFACE, LineNetwork, Polyline
from rapidstem.dislocations.slip_planes import SLIP_NORMALS, crystal_orientation
from rapidstem.files.paradis_files import write_paradis, write_paradis_series
from rapidstem.files.tables import read_table, write_table
from rapidstem.files.vtk_polydata import write_polydata
from rapidstem.microscope.specimen.paradis_networks import chains, read_network
from tests.unit.line_phantoms import arc, straight

ORIENTATION = crystal_orientation([1, 0, 0], [0, 1, 3])
BOX_NM = np.array([[-500.0, -400.0, -150.0], [500.0, 400.0, 150.0]])


@pytest.fixture
def network():
    normal = ORIENTATION.to_specimen(SLIP_NORMALS)[3]
    first = np.cross(normal, (0, 0, 1))
    first /= np.linalg.norm(first)
    bow = arc(200.0, 1.5, (first, np.cross(normal, first)))
    onward = bow[-1] + straight((0, 0, 0), (60, 80, 0), 10.0)
    lines = [Polyline(bow[::10], 0, 1, SURFACE, JUNCTION), Polyline(onward, 1, 2, JUNCTION, BORDER)]
    return LineNetwork([*lines, Polyline(bow[-1] + straight((0, 0, 0), (0, -50, 50), 10.0), 1, 3, JUNCTION, SURFACE)], BOX_NM)


def test_density_is_length_over_field_times_thickness(network):
    table = line_density(network, line_summary(network, ORIENTATION), ORIENTATION).set_index("slip_plane")
    length = sum(line.length_nm for line in network.lines)
    assert table.loc["all", "volume_um3"] == pytest.approx(1.0 * 0.8 * 0.3)
    assert table.loc["all", "density_per_m2"] == pytest.approx(length * 1e-9 / (0.24e-18))
    assert table["length_nm"].iloc[1:].sum() == pytest.approx(length)
    squares = sum(line.length_nm**2 for line in network.lines)
    assert table.loc["all", "sampling_sd_per_m2"] == pytest.approx(np.sqrt(squares) * 1e-9 / 0.24e-18)
    assert table.loc["(11-1)", "lines"] == 1


def test_lines_whose_plane_is_not_certain_are_of_none(network):
    summary = line_summary(network, ORIENTATION)
    doubtful = line_density(network, summary.assign(slip_conditioned=False), ORIENTATION).set_index("slip_plane")
    assert doubtful.loc["undetermined", "lines"] == doubtful.loc["all", "lines"] == 3
    assert doubtful.loc["(11-1)", ["lines", "length_nm", "density_per_m2"]].tolist() == [0, 0, 0]
    assert set(line_points(network, summary.assign(slip_conditioned=False))["slip_plane"]) == {"undetermined"}


def test_density_leaves_out_the_share_of_the_field_that_is_vacuum(network):
    holed = LineNetwork(network.lines, BOX_NM, foil_share=0.8)
    row, whole = (line_density(each, line_summary(each, None), None).iloc[0] for each in (holed, network))
    for name in ("field_um2", "volume_um3"):
        assert row[name] == pytest.approx(0.8 * whole[name])
    for name in ("density_per_m2", "sampling_sd_per_m2"):
        assert row[name] == pytest.approx(whole[name] / 0.8)


def test_sampling_spread_is_that_of_fields_with_random_lines(network):
    rng = np.random.default_rng(0)
    densities, stated = [], []
    for _ in range(400):
        lengths = rng.uniform(100, 500, rng.poisson(30))
        lines = [Polyline(np.array([[0.0, 0, 0], [length, 0, 0], [length, 0, 0.1]]), 2 * k, 2 * k + 1) for k, length in enumerate(lengths)]
        row = line_density(LineNetwork(lines, BOX_NM), line_summary(LineNetwork(lines, BOX_NM), None), None).iloc[0]
        densities.append(row["density_per_m2"])
        stated.append(row["sampling_sd_per_m2"])
    assert np.mean(stated) == pytest.approx(np.std(densities), rel=0.12)


def test_points_come_back_from_the_table(network, tmp_path):
    points = line_points(network, line_summary(network, ORIENTATION))
    write_table(tmp_path / "a.lines.csv", points)
    read = polylines_of(read_table(tmp_path / "a.lines.csv", list(points.columns)))
    assert all(np.allclose(one, line.points_nm) for one, line in zip(read, network.lines, strict=True))
    assert points.groupby("line")["slip_plane"].first().tolist()[0] == "(11-1)"


def test_without_an_orientation_there_are_no_slip_planes(network):
    summary = line_summary(network, None)
    assert set(summary["slip_plane"]) == {"undetermined"}
    assert line_density(network, summary, None)["slip_plane"].tolist() == ["all"]
    assert summary["plane_conditioned"].iloc[0]


def test_tables_of_no_lines():
    empty = LineNetwork([], BOX_NM)
    summary = line_summary(empty, ORIENTATION)
    assert len(line_points(empty, summary)) == 0
    assert line_density(empty, summary, ORIENTATION)["density_per_m2"].tolist() == [0.0] * 6


def test_polydata_opens_in_vtk_with_its_values(network, tmp_path):
    polylines = [line.points_nm for line in network.lines]
    lengths = [line.length_nm for line in network.lines]
    write_polydata(tmp_path / "a.vtp", polylines, {"line": [0, 1, 2], "length_nm": lengths, "slip_plane": ["(11-1)", "é", ""]})
    reader = vtk.vtkXMLPolyDataReader()
    reader.SetFileName(str(tmp_path / "a.vtp"))
    reader.Update()
    data = reader.GetOutput()
    assert data.GetNumberOfLines() == 3
    assert np.allclose(vtk_to_numpy(data.GetPoints().GetData()), np.concatenate(polylines), rtol=1e-6)
    assert data.GetCell(1).GetNumberOfPoints() == len(polylines[1])
    assert np.allclose(vtk_to_numpy(data.GetCellData().GetArray("length_nm")), lengths)
    names = data.GetCellData().GetAbstractArray("slip_plane")
    assert [names.GetValue(number) for number in range(3)] == ["(11-1)", "é", ""]


def test_polydata_of_no_lines_and_of_wrong_values(tmp_path):
    write_polydata(tmp_path / "a.vtp", [], {"line": [], "slip_plane": []})
    reader = vtk.vtkXMLPolyDataReader()
    reader.SetFileName(str(tmp_path / "a.vtp"))
    reader.Update()
    assert reader.GetOutput().GetNumberOfLines() == 0
    with pytest.raises(ValueError, match="values"):
        write_polydata(tmp_path / "b.vtp", [np.zeros((2, 3))], {"line": []})
    with pytest.raises(ValueError, match="velocity has 1 values for 2 points"):
        write_polydata(tmp_path / "b.vtp", [np.zeros((2, 3))], {"line": [0]}, {"velocity": [1.0]})


def test_paradis_file_holds_the_lines_and_says_that_burgers_vectors_are_unknown(network, tmp_path):
    path = tmp_path / "a.data"
    polylines = [line.points_nm for line in network.lines]
    normals = np.array([[0, 0, 1.0], [0, 1.0, 0], [1.0, 0, 0]])
    write_paradis(path, polylines, [(0, 1), (1, 2), (1, 3)], normals, BOX_NM)
    read = read_network(path)
    assert "BURGERS VECTORS ARE UNKNOWN" in path.read_text()
    assert path.read_text().startswith("dataFileVersion = 4\n"), "OVITO's importer looks at the first 20 characters of the first line"
    assert np.allclose(read.box, BOX_NM)
    assert sorted(len(arms) for arms in read.arms.values())[-1] == 3
    found = chains(read)
    assert sorted(line.length_nm for line in found) == pytest.approx(sorted(line.length_nm for line in network.lines), rel=1e-6)
    assert all(not line.burgers.any() for line in found)
    assert len(read.position) == sum(len(line) for line in polylines) - 2
    nodes = [line.split()[4:] for line in path.read_text().splitlines() if line.startswith(" 0,")]
    arms_and_constraints = sorted((int(arms), int(constraint)) for arms, constraint in nodes)
    inner = len(nodes) - 4
    assert arms_and_constraints == [(1, 7)] * 3 + [(2, 0)] * inner + [(3, 0)], "ends are pinned, all else is free"


def test_traced_lines_and_their_foil_come_back_from_the_table(network, tmp_path):
    moved = LineNetwork(network.lines, np.add(BOX_NM, [0.0, 0.0, 12.5]))
    write_table(tmp_path / "a.traced.csv", traced_points(moved))
    read = read_table(tmp_path / "a.traced.csv", list(traced_points(moved).columns))
    assert all(np.allclose(one, line.points_nm) for one, line in zip(polylines_of(read), network.lines, strict=True))
    assert foil_box(read, (80, 100), 10.0, 300.0) == pytest.approx(moved.box_nm)
    assert foil_box(traced_points(LineNetwork([], BOX_NM)), (80, 100), 10.0, 300.0) == pytest.approx(BOX_NM)


def test_snapshots_are_named_with_their_times_and_old_ones_are_gone(network, tmp_path):
    polylines = [line.points_nm for line in network.lines]
    for count in (3, 2):
        moments = (
            (frame, 0.07 * frame, polylines[frame:], np.tile([0.0, 0.0, 1.0], (len(polylines) - frame, 1))) for frame in range(count)
        )
        write_paradis_series(tmp_path / "a.paradis.csv", moments, BOX_NM)
    table = read_table(tmp_path / "a.paradis.csv", ["frame", "time_s", "file"])
    assert list(table["time_s"]) == pytest.approx([0.0, 0.07])
    assert sorted(path.name for path in (tmp_path / "a.paradis").iterdir()) == ["rs00000.data", "rs00001.data"]
    for frame, name in enumerate(table["file"]):
        found = chains(read_network(tmp_path / name))
        assert sorted(line.length_nm for line in found) == pytest.approx(sorted(line.length_nm for line in network.lines[frame:]), rel=1e-6)


def _box_of(path):
    text = path.read_text()
    low, high = (text.split(f"{name} = [")[1].split("]")[0].split() for name in ("minCoordinates", "maxCoordinates"))
    bounds = text.split("bounds\n  0  ")[1].splitlines()[0].split()
    assert bounds == [*low, *high]
    return np.array([low, high], float)


def test_the_box_of_a_paradis_file_holds_all_of_its_nodes(tmp_path):
    """Lines of a foil that leans end outside of the box of a level one, and a program that repeats the box puts them on its other side."""
    lines = [np.array([[-480.123456, 10.0, -171.987654], [0.0, 0.0, 0.0], [400.0, -20.0, 160.0]])]
    box_nm = np.array([[-500.0, -400.0, -149.987654], [500.0, 400.0, 150.0]])
    write_paradis(tmp_path / "a.data", lines, [(0, 1)], np.zeros((1, 3)), box_nm)
    np.testing.assert_allclose(_box_of(tmp_path / "a.data"), [[-500.0, -400.0, -171.987654], [500.0, 400.0, 160.0]], rtol=0, atol=1e-8)
    write_paradis(tmp_path / "b.data", [], [], np.zeros((0, 3)), box_nm)
    np.testing.assert_allclose(_box_of(tmp_path / "b.data"), box_nm, rtol=0, atol=1e-8)


def test_all_snapshots_have_one_box_that_holds_their_nodes(tmp_path):
    """A tilted view shows more of y than the width of its frames."""
    moments = [(frame, 0.07 * frame, [np.array([[0.0, 400.0 + frame, 0.0], [9.0, 9.0, 0.0]])], np.zeros((1, 3))) for frame in range(3)]
    write_paradis_series(tmp_path / "a.paradis.csv", iter(moments), BOX_NM)
    boxes = [_box_of(path) for path in sorted((tmp_path / "a.paradis").iterdir())]
    for box in boxes:
        np.testing.assert_allclose(box, [BOX_NM[0], [BOX_NM[1][0], 402.0, BOX_NM[1][2]]], rtol=0, atol=1e-8)
