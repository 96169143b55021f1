"""Frame stacks of other formats than Velox's, and the angles beside them."""

from pathlib import Path
from unittest.mock import Mock

import h5py
import mrcfile
import numpy as np
import pytest
import tifffile

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import FallbackMetadata, open_frames, read_header, read_stack
from rapidstem.files.mrc_volumes import write_series
from rapidstem.files.tiff_scales import stated_time_s

FRAMES = np.arange(5 * 6 * 7, dtype=np.uint16).reshape(5, 6, 7)
SIZE = FallbackMetadata(pixel_size_nm=2.0)


def refusal(path: Path, detector: str = "BF") -> str:
    with pytest.raises(InputError) as caught:
        read_stack(path, detector)
    assert str(path) in str(caught.value)
    return str(caught.value)


def write_hyperspy(path: Path, data: np.ndarray, axes: list[dict]) -> Path:
    """A file as HyperSpy writes it (format version 3)."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"file_format": "HyperSpy", "file_format_version": "3.0"})
        group = file.create_group("Experiments/stack")
        group.attrs.update({"package": "hyperspy", "package_version": "2.0"})
        group["data"] = data
        for i, axis in enumerate(axes):
            group.create_group(f"axis-{i}").attrs.update({"_type": "UniformDataAxis", "offset": 0.0, "size": data.shape[i], **axis})
        for name in ("metadata/General", "metadata/Signal", "original_metadata", "learning_results"):
            group.create_group(name)
    return path


def image_axes(unit: str, scale: float) -> list[dict]:
    return [{"name": name, "scale": scale, "units": unit, "navigate": False} for name in ("y", "x")]


@pytest.mark.parametrize(("unit", "scale"), [("nm", 4.56), ("µm", 4.56e-3), ("Å", 45.6), ("m", 4.56e-9), ("pm", 4560)])
def test_pixel_size_of_any_unit_of_length(tmp_path: Path, unit: str, scale: float) -> None:
    path = write_hyperspy(tmp_path / "a.hspy", FRAMES[0], image_axes(unit, scale))
    assert read_stack(path).pixel_size_nm == pytest.approx(4.56)


@pytest.mark.parametrize(("unit", "scale"), [("", 1), ("px", 1), ("nm", 0)])
def test_pixel_size_that_is_no_length_is_missing(tmp_path: Path, unit: str, scale: float) -> None:
    path = write_hyperspy(tmp_path / "a.hspy", FRAMES[0], image_axes(unit, scale))
    assert "`pixel_size_nm`" in refusal(path)
    assert read_stack(path, fallback=SIZE).pixel_size_nm == 2.0


@pytest.mark.parametrize(("unit", "factor"), [("deg", 1), ("°", 1), ("rad", np.pi / 180)])
def test_tilt_from_the_axis_of_the_frames(tmp_path: Path, unit: str, factor: float) -> None:
    tilt = {"name": "tilt", "scale": 3 * factor, "offset": -60 * factor, "units": unit, "navigate": True}
    path = write_hyperspy(tmp_path / "a.hspy", FRAMES, [tilt, *image_axes("nm", 2)])
    stack = read_stack(path)
    np.testing.assert_array_equal(stack.frames, FRAMES)
    np.testing.assert_allclose(stack.tilt_deg, [-60, -57, -54, -51, -48])


def test_axis_of_time_is_no_tilt(tmp_path: Path) -> None:
    time = {"name": "time", "scale": 0.07, "units": "s", "navigate": True}
    assert read_stack(write_hyperspy(tmp_path / "a.hspy", FRAMES, [time, *image_axes("nm", 2)])).tilt_deg is None


def test_an_axis_of_time_gives_the_times_of_the_frames(tmp_path: Path) -> None:
    for unit, scale in (("s", 0.07), ("ms", 70.0), ("seconds", 0.07)):
        time = {"name": "time", "scale": scale, "offset": 3.0, "units": unit, "navigate": True}
        found = read_header(write_hyperspy(tmp_path / f"{unit}.hspy", FRAMES, [time, *image_axes("nm", 2)]))
        np.testing.assert_allclose(found.time_s, 0.07 * np.arange(len(FRAMES)))
    count = {"name": "frame", "scale": 1.0, "units": "", "navigate": True}
    assert read_header(write_hyperspy(tmp_path / "b.hspy", FRAMES, [count, *image_axes("nm", 2)])).time_s is None


def test_times_of_a_tiff_are_those_of_its_planes_else_even_steps(tmp_path: Path) -> None:
    pixels = {"axes": "TYX", "PhysicalSizeX": 2.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 2.0, "PhysicalSizeYUnit": "nm"}
    uneven = [1.0, 1.5, 2.5, 4.0, 4.25]
    planes = {"Plane": {"DeltaT": [1000 * time for time in uneven], "DeltaTUnit": ["ms"] * 5}}
    tifffile.imwrite(tmp_path / "a.ome.tif", FRAMES, ome=True, metadata=pixels | planes)
    np.testing.assert_allclose(read_header(tmp_path / "a.ome.tif").time_s, np.array(uneven) - 1)
    tifffile.imwrite(tmp_path / "b.ome.tif", FRAMES, ome=True, metadata=pixels | {"TimeIncrement": 70.0, "TimeIncrementUnit": "ms"})
    tifffile.imwrite(
        tmp_path / "c.tif", FRAMES, imagej=True, resolution=(0.5, 0.5), metadata={"unit": "nm", "axes": "TYX", "finterval": 0.07}
    )
    for name in ("b.ome.tif", "c.tif"):
        np.testing.assert_allclose(read_header(tmp_path / name).time_s, 0.07 * np.arange(len(FRAMES)))
    tifffile.imwrite(tmp_path / "d.ome.tif", FRAMES, ome=True, metadata=pixels)
    assert read_header(tmp_path / "d.ome.tif").time_s is None


@pytest.mark.parametrize(
    ("said", "step_s"), [({"finterval": 70.0, "tunit": "ms"}, 0.07), ({"finterval": 0.0}, None), ({"finterval": -1.0}, None)]
)
def test_frame_intervals_of_imagej_have_their_unit_and_are_positive(tmp_path: Path, said: dict, step_s: float | None) -> None:
    tifffile.imwrite(tmp_path / "a.tif", FRAMES, imagej=True, resolution=(0.5, 0.5), metadata={"unit": "nm", "axes": "TYX"} | said)
    found = read_header(tmp_path / "a.tif").time_s
    assert found is None if step_s is None else found == pytest.approx(step_s * np.arange(len(FRAMES)))


@pytest.mark.parametrize("times", [[0.0, 1.0, 1.0, 2.0, 3.0], [4.0, 3.0, 2.0, 1.0, 0.0]])
def test_times_of_planes_that_are_not_those_of_the_frames_give_way_to_the_increment(tmp_path: Path, times: list[float]) -> None:
    pixels = {"axes": "TYX", "PhysicalSizeX": 2.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 2.0, "PhysicalSizeYUnit": "nm"}
    planes = {"Plane": {"DeltaT": times}, "TimeIncrement": 0.07}
    tifffile.imwrite(tmp_path / "a.ome.tif", FRAMES, ome=True, resolution=(1, 1), metadata=pixels | planes)
    found = read_header(tmp_path / "a.ome.tif")
    np.testing.assert_allclose(found.time_s, 0.07 * np.arange(len(FRAMES)))
    assert not found.remarks, "its pixel size is the one of the metadata, whatever the resolution for printing"
    two_planes = (
        '<OME><Image><Pixels TimeIncrement="70" TimeIncrementUnit="ms"><Plane DeltaT="0"/><Plane DeltaT="1"/></Pixels></Image></OME>'
    )
    np.testing.assert_allclose(stated_time_s(Mock(ome_metadata=two_planes), 3), [0.0, 0.07, 0.14])


def test_spectra_are_no_images(tmp_path: Path) -> None:
    axes = [{"name": name, "scale": 1.0, "units": "nm", "navigate": True} for name in ("y", "x")]
    axes.append({"name": "energy", "scale": 0.01, "units": "keV", "navigate": False})
    assert "no series of grey images" in refusal(write_hyperspy(tmp_path / "a.hspy", FRAMES, axes))


def test_tiff_stack_and_single_image(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "stack.tif", FRAMES)
    tifffile.imwrite(tmp_path / "image.tif", FRAMES[0])
    np.testing.assert_array_equal(read_stack(tmp_path / "stack.tif", fallback=SIZE).frames, FRAMES)
    np.testing.assert_array_equal(read_stack(tmp_path / "image.tif", fallback=SIZE).frames, FRAMES[:1])


@pytest.mark.parametrize("unit", ["nm", "micron"])
def test_pixel_size_of_imagej(tmp_path: Path, unit: str) -> None:
    scale = 4.56 if unit == "nm" else 4.56e-3
    metadata = {"unit": unit, "axes": "TYX"}
    tifffile.imwrite(tmp_path / "a.tif", FRAMES, imagej=True, resolution=(1 / scale, 1 / scale), metadata=metadata)
    assert read_stack(tmp_path / "a.tif").pixel_size_nm == pytest.approx(4.56, rel=1e-5)


def test_size_that_a_tiff_states_counts_where_its_maker_gives_none(tmp_path: Path) -> None:
    made_by = {"extratags": [(271, "s", 0, "JEOL", True)], "photometric": "minisblack"}
    sizes = {f"PhysicalSize{axis}": 4.0 for axis in "XY"} | {f"PhysicalSize{axis}Unit": "nm" for axis in "XY"}
    tifffile.imwrite(tmp_path / "a.ome.tif", FRAMES, ome=True, metadata={"axes": "TYX"} | sizes, **made_by)
    tifffile.imwrite(tmp_path / "b.tif", FRAMES, resolution=(2.5e6, 2.5e6), resolutionunit="CENTIMETER", **made_by)
    assert [read_header(tmp_path / name).pixel_size_nm for name in ("a.ome.tif", "b.tif")] == pytest.approx([4.0, 4.0])


def test_frames_of_different_shape(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(FRAMES[0])
        file.write(FRAMES[0, :3])
    assert "all frames of a stack must have one shape" in refusal(tmp_path / "a.tif")


def test_images_that_a_program_has_appended_one_by_one_are_a_stack_and_said_to_be(tmp_path: Path) -> None:
    for frame in FRAMES:
        tifffile.imwrite(tmp_path / "a.tif", frame, append=True, resolution=(4e6, 4e6), resolutionunit="CENTIMETER")
    header = read_header(tmp_path / "a.tif")
    assert header.pixel_size_nm == pytest.approx(2.5)
    assert header.remarks == ("its 5 images were written one by one; they are taken for a series of one detector",)
    np.testing.assert_array_equal(read_stack(tmp_path / "a.tif").frames, FRAMES)
    with open_frames(tmp_path / "a.tif") as stack:
        np.testing.assert_array_equal(stack.frames[1:3], FRAMES[1:3])


def test_appended_images_of_which_the_last_is_cut_short_are_refused(tmp_path: Path) -> None:
    for frame in FRAMES:
        tifffile.imwrite(tmp_path / "a.tif", frame, append=True)
    (tmp_path / "a.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:-40])
    assert "cut short" in refusal(tmp_path / "a.tif")


@pytest.mark.parametrize(("name", "held"), [("a.tif", "2 series of 5 x 6 x 7 uint16"), ("a.ome.tif", "5 series of 6 x 7 uint16")])
def test_whole_stacks_in_one_file_and_images_of_several_acquisitions_are_no_stack(name: str, held: str, tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / name) as file:
        for image in [FRAMES, FRAMES] if name == "a.tif" else FRAMES:
            file.write(image, contiguous=False)
    assert f"holds {held}, written one by one" in refusal(tmp_path / name)


def test_colour_image(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((6, 7, 3), np.uint8), photometric="rgb")
    assert "no series of grey images" in refusal(tmp_path / "a.tif")


def test_frames_without_time_stamps_follow_each_other_at_the_given_interval(tmp_path: Path) -> None:
    write_series(tmp_path / "a.mrc", FRAMES, 2.0)
    assert read_header(tmp_path / "a.mrc").time_s is None
    times = read_header(tmp_path / "a.mrc", fallback=FallbackMetadata(frame_interval_s=0.07)).time_s
    np.testing.assert_allclose(times, 0.07 * np.arange(len(FRAMES)))


@pytest.mark.parametrize("name", ["a.rawtlt", "a.mrc.rawtlt"])
def test_angles_beside_the_file(tmp_path: Path, name: str) -> None:
    write_series(tmp_path / "a.mrc", FRAMES, 2.0)
    assert read_stack(tmp_path / "a.mrc").tilt_deg is None
    (tmp_path / name).write_text(" -4.0\n -2\n\n 0\n 2.5\n 4\n\n")
    for read in (read_stack, read_header):
        np.testing.assert_array_equal(read(tmp_path / "a.mrc").tilt_deg, [-4, -2, 0, 2.5, 4])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"1\n2\n", "2 angles for 5 frames"),
        (b"1\n2\nthree\n4\n5\n", "line 3: 'three' is no angle"),
        (b"1\n2\n3\n4\n95\n", "line 5: '95' is no angle"),
        (b"1\n2\n3\n4\nnan\n", "line 5: 'nan' is no angle"),
        (b"\xff\xfe1\x00", "no text file"),
    ],
)
def test_wrong_angles_beside_the_file(tmp_path: Path, content: bytes, expected: str) -> None:
    write_series(tmp_path / "a.mrc", FRAMES, 2.0)
    (tmp_path / "a.rawtlt").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.rawtlt") as caught:
        read_stack(tmp_path / "a.mrc")
    assert expected in str(caught.value)


@pytest.mark.parametrize("ending", ["st", "rec", "mrcs"])
def test_other_endings_of_mrc(tmp_path: Path, ending: str) -> None:
    write_series(tmp_path / f"a.{ending}", FRAMES, 2.0)
    np.testing.assert_array_equal(read_stack(tmp_path / f"a.{ending}").frames, FRAMES)


@pytest.mark.parametrize("ending", ["mrc", "tif", "dm3", "dm4", "ser", "hspy", "png", "blo", "h5"])
def test_damaged_files_of_all_formats(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_bytes(b"no image at all\n" * 200)
    assert "cannot be read" in refusal(path)


def test_unknown_ending(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(b"x")
    assert "no format that RosettaSciIO reads" in refusal(tmp_path / "a.docx")


def test_pixels_that_are_cut_short(tmp_path: Path) -> None:
    write_series(tmp_path / "a.mrc", np.ones((20, 64, 64), np.float32), 2.0)
    content = (tmp_path / "a.mrc").read_bytes()
    (tmp_path / "a.mrc").write_bytes(content[: len(content) // 2])
    refusal(tmp_path / "a.mrc")


def test_volume_and_stack_flags_of_mrc_give_the_same_frames(tmp_path: Path) -> None:
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(FRAMES)
        file.set_volume()
        file.voxel_size = 20
    stack = read_stack(tmp_path / "a.mrc")
    np.testing.assert_array_equal(stack.frames, FRAMES)
    assert stack.pixel_size_nm == pytest.approx(2.0)
