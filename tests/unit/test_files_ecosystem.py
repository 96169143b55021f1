"""What is written opens in the programs that people use: every file is read back by the reader of others, and the sizes survive."""

from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest
import tifffile

from rapidstem.files.length_units import length_in_nm
from rapidstem.files.mrc_volumes import write_series, write_volume
from rapidstem.files.ome_tiff import write_frames, write_images
from rapidstem.files.tilt_angles import angle_file, read_angle_file, write_angle_file
from rapidstem.files.vtk_polydata import write_polydata

SIZE_NM = 4.56
ANGLES_DEG = np.array([-70.1234, -0.5, 12.0, 69.9876])


def _images(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(1000, 200, shape).astype(np.float32)


@pytest.fixture
def image_files(tmp_path: Path) -> dict[str, tuple[Path, np.ndarray]]:
    """A stack of frames, an image, two references, a long series with times."""
    frames = _images(5, 24, 32)
    files = {name: tmp_path / f"{name}.ome.tif" for name in ("TYX", "YX", "CYX", "series")}
    write_images(files["TYX"], frames, SIZE_NM)
    write_images(files["YX"], frames[0], SIZE_NM)
    write_images(files["CYX"], frames[:2], SIZE_NM, ["dcfi", "slow"])
    write_frames(files["series"], (frames[first : first + 2] for first in (0, 2, 4)), (5, 24, 32), SIZE_NM, 0.07 * np.arange(5))
    pixels = {"TYX": frames, "YX": frames[0], "CYX": frames[:2], "series": frames}
    return {name: (path, pixels[name]) for name, path in files.items()}


@pytest.mark.parametrize(("name", "axes"), [("TYX", "TYX"), ("YX", "YX"), ("CYX", "CYX"), ("series", "TYX")])
def test_tifffile_gives_pixels_and_axes(image_files: dict[str, tuple[Path, np.ndarray]], name: str, axes: str) -> None:
    path, written = image_files[name]
    with tifffile.TiffFile(path) as file:
        assert file.is_ome
        assert file.series[0].axes == axes
        np.testing.assert_array_equal(file.asarray(), written)
        numerator, denominator = file.pages.first.tags["XResolution"].value
        assert file.pages.first.tags["ResolutionUnit"].value == 3
    assert 1e7 * denominator / numerator == pytest.approx(SIZE_NM, rel=1e-6)


@pytest.mark.parametrize(("name", "counts"), [("TYX", (5, 1)), ("YX", (1, 1)), ("CYX", (1, 2)), ("series", (5, 1))])
def test_ome_types_gives_sizes_and_counts(image_files: dict[str, tuple[Path, np.ndarray]], name: str, counts: tuple[int, int]) -> None:
    ome_types = pytest.importorskip("ome_types")
    (image,) = ome_types.from_tiff(image_files[name][0]).images
    pixels = image.pixels
    assert (pixels.size_t, pixels.size_c) == counts
    assert (pixels.size_y, pixels.size_x) == (24, 32)
    for size, unit in ((pixels.physical_size_x, pixels.physical_size_x_unit), (pixels.physical_size_y, pixels.physical_size_y_unit)):
        assert size == pytest.approx(SIZE_NM)
        assert unit.value == "nm"


def test_ome_types_gives_names_of_channels_and_times(image_files: dict[str, tuple[Path, np.ndarray]]) -> None:
    ome_types = pytest.importorskip("ome_types")
    references = ome_types.from_tiff(image_files["CYX"][0]).images[0].pixels
    assert [channel.name for channel in references.channels] == ["dcfi", "slow"]
    series = ome_types.from_tiff(image_files["series"][0]).images[0].pixels
    assert (series.time_increment, series.time_increment_unit.value) == (pytest.approx(0.07), "s")
    assert [plane.delta_t for plane in series.planes] == pytest.approx([0.07 * number for number in range(5)])


@pytest.fixture
def mrc_files(tmp_path: Path) -> dict[str, tuple[Path, np.ndarray]]:
    """An aligned series with its angles, and a volume."""
    series, volume = _images(4, 24, 32), _images(10, 24, 32)
    write_series(tmp_path / "rapid.mrc", series, SIZE_NM)
    write_angle_file(tmp_path / "rapid.rawtlt", ANGLES_DEG)
    write_volume(tmp_path / "volume.mrc", volume, SIZE_NM)
    return {"series": (tmp_path / "rapid.mrc", series), "volume": (tmp_path / "volume.mrc", volume)}


@pytest.mark.parametrize("name", ["series", "volume"])
def test_mrcfile_gives_voxels_and_sizes_and_finds_no_fault(mrc_files: dict[str, tuple[Path, np.ndarray]], name: str) -> None:
    path, written = mrc_files[name]
    assert mrcfile.validate(path)
    with mrcfile.open(path) as file:
        np.testing.assert_array_equal(file.data, written)
        assert file.is_volume() == (name == "volume")
        sizes = [float(file.voxel_size[axis]) for axis in "xyz"]
    assert sizes == pytest.approx([10 * SIZE_NM] * 3, rel=1e-6)


@pytest.mark.parametrize("name", ["series", "volume"])
def test_rosettasciio_gives_voxels_and_sizes_of_mrc(mrc_files: dict[str, tuple[Path, np.ndarray]], name: str) -> None:
    from rsciio.mrc import file_reader

    path, written = mrc_files[name]
    (signal,) = file_reader(str(path))
    np.testing.assert_array_equal(np.asarray(signal["data"]), written)
    axes = {axis["name"]: axis for axis in signal["axes"]}
    for name_of_axis in ("x", "y"):
        assert axes[name_of_axis]["scale"] == pytest.approx(SIZE_NM, rel=1e-6)
        assert axes[name_of_axis]["units"] == "nm"


def test_rosettasciio_gives_sizes_of_images(image_files: dict[str, tuple[Path, np.ndarray]]) -> None:
    """It does not know OME; told to, it takes the sizes from the tags of TIFF."""
    from rsciio.tiff import file_reader

    path, written = image_files["TYX"]
    (signal,) = file_reader(str(path), force_read_resolution=True)
    np.testing.assert_array_equal(signal["data"], written)
    for axis in signal["axes"][1:]:
        assert length_in_nm(axis["scale"], axis["units"]) == pytest.approx(SIZE_NM, rel=1e-4)


def test_hyperspy_gives_pixels_and_sizes(mrc_files: dict[str, Any], image_files: dict[str, Any]) -> None:
    hyperspy = pytest.importorskip("hyperspy.api", reason="HyperSpy is not installed (pip install hyperspy)")
    for (path, written), options in ((mrc_files["volume"], {}), (image_files["TYX"], {"force_read_resolution": True})):
        signal = hyperspy.load(str(path), **options)
        np.testing.assert_array_equal(signal.data, written)
        for axis in signal.axes_manager.signal_axes:
            assert length_in_nm(axis.scale, axis.units) == pytest.approx(SIZE_NM, rel=1e-4)


def test_etspy_takes_the_aligned_series_with_its_angles(mrc_files: dict[str, tuple[Path, np.ndarray]]) -> None:
    """ETSpy's own `load` takes every MRC file for one of SerialEM, whose angles stand in the header; HyperSpy reads ours for it."""
    etspy = pytest.importorskip("etspy.base", reason="ETSpy is not installed (pip install etspy)")
    hyperspy = pytest.importorskip("hyperspy.api", reason="HyperSpy is not installed (pip install hyperspy)")
    path, written = mrc_files["series"]
    stack = etspy.TomoStack(hyperspy.load(str(path)), tilts=np.loadtxt(path.with_suffix(".rawtlt")))
    np.testing.assert_array_equal(stack.data, written)
    assert np.ravel(stack.tilts.data) == pytest.approx(ANGLES_DEG, abs=1e-3)
    assert stack.axes_manager.signal_axes[0].scale == pytest.approx(SIZE_NM, rel=1e-4)


def test_angles_stand_where_imod_looks_for_them(mrc_files: dict[str, tuple[Path, np.ndarray]]) -> None:
    path, _ = mrc_files["series"]
    beside = angle_file(path)
    assert beside == path.with_suffix(".rawtlt")
    assert np.loadtxt(beside) == pytest.approx(ANGLES_DEG, abs=5e-4)
    assert read_angle_file(beside, 4) == pytest.approx(ANGLES_DEG, abs=5e-4)


def test_vtk_gives_lines_in_nanometres_with_their_data(tmp_path: Path) -> None:
    io = pytest.importorskip("vtkmodules.vtkIOXML", reason="VTK is not installed (pip install vtk)")
    lines = [np.array([[0.0, 1, 2], [3, 4, 5], [6.5, 7, 8]]), np.array([[-10.0, 0, 0], [10, 0, 0]])]
    write_polydata(
        tmp_path / "lines.vtp",
        lines,
        {"line": [0, 1], "length_nm": [12.5, 20.0], "slip_plane": ["(111)", ""]},
        {"sigma_z_nm": np.arange(5) / 4},
    )
    reader = io.vtkXMLPolyDataReader()
    reader.SetFileName(str(tmp_path / "lines.vtp"))
    reader.Update()
    found = reader.GetOutput()
    assert (found.GetNumberOfPoints(), found.GetNumberOfLines(), found.GetNumberOfCells()) == (5, 2, 2)
    for number, line in enumerate(lines):
        points = found.GetCell(number).GetPoints()
        assert [points.GetPoint(point) for point in range(len(line))] == [pytest.approx(tuple(point)) for point in line]
    assert found.GetBounds()[:2] == pytest.approx((-10, 10))
    data = found.GetCellData()
    assert [data.GetArray("length_nm").GetValue(number) for number in (0, 1)] == [12.5, 20.0]
    assert [data.GetAbstractArray("slip_plane").GetValue(number) for number in (0, 1)] == ["(111)", ""]
    assert [found.GetPointData().GetArray("sigma_z_nm").GetValue(number) for number in range(5)] == [0.0, 0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("times_s", [[np.nan] * 3, [0.5, 1.5, np.nan], [np.nan, 1.5, 2.5]])
def test_vtk_reads_lines_with_values_that_are_not_known(tmp_path: Path, times_s: list[float]) -> None:
    """Its parser takes a number that is none for the end of the file where nothing follows it, and then gives no line at all."""
    io = pytest.importorskip("vtkmodules.vtkIOXML", reason="VTK is not installed (pip install vtk)")
    write_polydata(tmp_path / "lines.vtp", [np.eye(3)], {"line": [4], "length_nm": [np.nan]}, {"time_s": times_s})
    reader = io.vtkXMLPolyDataReader()
    reader.SetFileName(str(tmp_path / "lines.vtp"))
    reader.Update()
    found = reader.GetOutput()
    assert (found.GetNumberOfPoints(), found.GetNumberOfLines()) == (3, 1)
    known = [found.GetPointData().GetArray("time_s").GetValue(number) for number in range(3)]
    np.testing.assert_array_equal(known, times_s)
    assert np.isnan(found.GetCellData().GetArray("length_nm").GetValue(0))
