"""What a raw file states is read, and what it does not state is nobody's guess: files of many programs, each written here."""

import importlib.util
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import FallbackMetadata, open_frames, read_header, read_stack
from rapidstem.files.length_units import angle_in_degrees, length_in_nm
from rapidstem.files.mrc_volumes import write_series
from tests.unit.digital_micrograph_files import write_dm3
from tests.unit.test_files_formats import image_axes, refusal, write_hyperspy
from tests.unit.test_files_velox import document, write_stack

FRAMES = np.random.default_rng(3).integers(0, 4000, (5, 12, 16)).astype(np.uint16)
SIZE = FallbackMetadata(pixel_size_nm=2.0)
TAKEN = "they are taken for a series of one detector"
UNEVEN_DEG = [-60.0, -31.0, 0.5, 30.0, 61.0]


def patched(path: Path, offset: int, content: bytes) -> Path:
    raw = bytearray(path.read_bytes())
    raw[offset : offset + len(content)] = content
    path.write_bytes(raw)
    return path


def ome(path: Path, **sizes: object) -> Path:
    tifffile.imwrite(path, FRAMES, ome=True, photometric="minisblack", metadata={"axes": "TYX", **sizes})
    return path


def imagej(path: Path, unit: str, resolution: object) -> Path:
    tifffile.imwrite(path, FRAMES, imagej=True, resolution=resolution, metadata={"unit": unit, "axes": "TYX"})
    return path


def test_both_edges_of_a_pixel_are_asked(tmp_path: Path) -> None:
    nm = {"PhysicalSizeX": 4.56, "PhysicalSizeXUnit": "nm"}
    assert "not square (4.56 x 9.12 nm)" in refusal(ome(tmp_path / "a.ome.tif", **nm, PhysicalSizeY=9.12, PhysicalSizeYUnit="nm"))
    assert "`pixel_size_nm`" in refusal(ome(tmp_path / "b.ome.tif", **nm))
    assert "not square (4.56 x 9.12 nm)" in refusal(imagej(tmp_path / "c.tif", "nm", (1 / 4.56, 1 / 9.12)))
    assert read_header(ome(tmp_path / "d.ome.tif", PhysicalSizeX=0.00456, PhysicalSizeY=0.00456)).pixel_size_nm == pytest.approx(4.56)


@pytest.mark.parametrize("fraction", [(0, 1), (1, 0), (0, 0)])
def test_imagej_without_scale_has_no_pixel_size(tmp_path: Path, fraction: tuple[int, int]) -> None:
    path = imagej(tmp_path / "a.tif", "nm", (1 / 4.56, 1 / 4.56))
    with tifffile.TiffFile(path) as file:
        places = [file.pages.first.tags[name].valueoffset for name in ("XResolution", "YResolution")]
        order = file.byteorder
    for place in places:
        patched(path, place, np.array(fraction, f"{order}u4").tobytes())
    assert "`pixel_size_nm`" in refusal(path)
    assert read_stack(path, fallback=SIZE).pixel_size_nm == 2.0


def test_imagej_with_a_unit_and_no_resolution_gives_way(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", FRAMES, imagej=True, metadata={"unit": "nm", "axes": "TYX"})
    assert "where they know none" in read_header(tmp_path / "a.tif").remarks[0]
    assert read_header(tmp_path / "a.tif", fallback=SIZE).pixel_size_nm == 2.0


def test_the_size_of_a_makers_own_tags_is_no_default(tmp_path: Path) -> None:
    scales = [(code, "s", 0, "nm", True) for code in (65003, 65004)] + [(code, "d", 1, 4.56, True) for code in (65009, 65010)]
    tifffile.imwrite(tmp_path / "a.tif", FRAMES[0], extratags=scales, metadata=None, resolution=(2e6, 2e6), resolutionunit=3)
    header = read_header(tmp_path / "a.tif", fallback=SIZE)
    assert header.pixel_size_nm == pytest.approx(4.56) and not header.size_is_assumed
    assert header.remarks == ("its pixel size is 4.56 nm, reading.pixel_size_nm 2; that of the file is used",)


@pytest.mark.parametrize(("axes", "words"), [("TYX", ""), ("ZYX", "stored as depths"), ("CYX", "stored as channels")])
def test_frames_that_are_stored_as_something_else_are_said(tmp_path: Path, axes: str, words: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", FRAMES, imagej=True, resolution=(1 / 4.56,) * 2, metadata={"unit": "nm", "axes": axes})
    header = read_header(tmp_path / "a.tif")
    assert header.shape == FRAMES.shape and header.remarks == ((f"its frames are {words}; {TAKEN}",) if words else ())


@pytest.mark.parametrize(("unit", "factor"), [("\\u00B5m", 1e-3), ("um", 1e-3), ("micron", 1e-3), ("cm", 1e-7), ("inch", 1 / 25.4e6)])
def test_every_unit_that_imagej_writes(tmp_path: Path, unit: str, factor: float) -> None:
    size = 4.56 * factor
    assert read_header(imagej(tmp_path / "a.tif", unit, (1 / size, 1 / size))).pixel_size_nm == pytest.approx(4.56, rel=1e-3)


def test_resolution_counts_where_no_printer_has_it(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", FRAMES, resolution=(1e7 / 4.56, 1e7 / 4.56), resolutionunit="CENTIMETER")
    tifffile.imwrite(tmp_path / "b.tif", FRAMES, resolution=(300, 300), resolutionunit="INCH")
    assert read_header(tmp_path / "a.tif").pixel_size_nm == pytest.approx(4.56)
    assert "`pixel_size_nm`" in refusal(tmp_path / "b.tif")


@pytest.mark.parametrize("dtype", [">u2", "<i4", "f8", "u8", "f2", "i1"])
def test_tiff_of_every_type_is_computable(tmp_path: Path, dtype: str) -> None:
    frames = (FRAMES % 100).astype(dtype)
    order = ">" if dtype[0] == ">" else None
    tifffile.imwrite(tmp_path / "a.tif", frames, byteorder=order, photometric="minisblack")
    stack = read_stack(tmp_path / "a.tif", fallback=SIZE)
    np.testing.assert_array_equal(stack.frames, FRAMES % 100)
    with open_frames(tmp_path / "a.tif", fallback=SIZE) as opened:
        np.testing.assert_array_equal(opened.frames[2:4], stack.frames[2:4])
        assert opened.frames.dtype == stack.frames.dtype


def test_unknown_compression_is_refused_by_its_name_before_any_pixel_is_wanted(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", FRAMES, compression="zlib", photometric="minisblack")
    raw = (tmp_path / "a.tif").read_bytes()
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        offsets = [page.tags["Compression"].valueoffset for page in file.pages]
    for offset in offsets:
        raw = raw[:offset] + np.uint16(34925 if offset < 0 else 34887).tobytes() + raw[offset + 2 :]
    (tmp_path / "a.tif").write_bytes(raw)
    with pytest.raises(InputError, match=r"a\.tif: .*compression LERC") as caught:
        read_header(tmp_path / "a.tif", fallback=SIZE)
    assert "imagecodecs" in str(caught.value)


def test_lzw_is_read_where_its_decoder_is_there(tmp_path: Path) -> None:
    pytest.importorskip("imagecodecs")
    tifffile.imwrite(tmp_path / "a.tif", FRAMES, compression="lzw", photometric="minisblack")
    np.testing.assert_array_equal(read_stack(tmp_path / "a.tif", fallback=SIZE).frames, FRAMES)


def test_thumbnails_of_a_tiff_are_no_frames(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(FRAMES, photometric="minisblack", metadata=None)
        file.write(FRAMES[0, ::4, ::4], photometric="minisblack", subfiletype=1, metadata=None)
    np.testing.assert_array_equal(read_stack(tmp_path / "a.tif", fallback=SIZE).frames, FRAMES)


def test_two_axes_of_frames_are_no_series(tmp_path: Path) -> None:
    both = np.stack([FRAMES, FRAMES])
    tifffile.imwrite(tmp_path / "a.ome.tif", both, ome=True, photometric="minisblack", metadata={"axes": "CTYX"})
    assert "2 channels and 5 times" in refusal(tmp_path / "a.ome.tif")


def ncem(path: Path, data: np.ndarray, axes: list[tuple[str, str, object]], first: int = 1) -> Path:
    with h5py.File(path, "w") as file:
        group = file.create_group("data/tomography")
        group.attrs["emd_group_type"] = 1
        group["data"] = data
        for number, (name, unit, values) in enumerate(axes, first):
            group[f"dim{number}"] = np.asarray(values, np.float32)
            group[f"dim{number}"].attrs["name"], group[f"dim{number}"].attrs["units"] = np.bytes_(name), np.bytes_(unit)
    return path


ANGLES, ROWS, COLUMNS = ("angles", "[deg]", UNEVEN_DEG), ("y", "[n_m]", np.arange(12) * 4.56), ("x", "[n_m]", np.arange(16) * 4.56)


@pytest.mark.parametrize(("order", "axes"), [((0, 1, 2), [ANGLES, ROWS, COLUMNS]), ((2, 1, 0), [COLUMNS, ROWS, ANGLES])])
@pytest.mark.parametrize("first", [0, 1])
def test_ncem_axes_are_known_by_their_names(tmp_path: Path, order: tuple[int, ...], axes: list, first: int) -> None:
    path = ncem(tmp_path / "a.emd", FRAMES.transpose(order), axes, first)
    stack = read_stack(path)
    np.testing.assert_array_equal(stack.frames, FRAMES)
    np.testing.assert_allclose(stack.tilt_deg, UNEVEN_DEG)
    assert stack.pixel_size_nm == pytest.approx(4.56, rel=1e-5)
    with open_frames(path) as opened:
        np.testing.assert_array_equal(opened.frames[1:4], FRAMES[1:4])


def test_ncem_without_names_keeps_its_order_and_says_so(tmp_path: Path) -> None:
    path = ncem(tmp_path / "a.emd", FRAMES, [("", "", np.arange(size)) for size in FRAMES.shape])
    header = read_header(path, fallback=SIZE)
    assert header.shape == FRAMES.shape and "no names" in header.remarks[0]


def test_ncem_even_axes_need_two_values_as_hyperspy_writes_them(tmp_path: Path) -> None:
    axes = [("x", "[n_m]", [0, 4.56]), ("y", "[n_m]", [0, 4.56]), ("tilt", "[d_e_g_r_e_e_s]", [-60, -30])]
    stack = read_stack(ncem(tmp_path / "a.emd", FRAMES.transpose(2, 1, 0), axes))
    np.testing.assert_array_equal(stack.frames, FRAMES)
    np.testing.assert_allclose(stack.tilt_deg, [-60, -30, 0, 30, 60])
    assert stack.pixel_size_nm == pytest.approx(4.56, rel=1e-6)


def test_ncem_spectra_and_volumes_are_refused(tmp_path: Path) -> None:
    energy = ("energy", "eV", np.arange(5))
    assert "spectra" in refusal(ncem(tmp_path / "a.emd", FRAMES, [energy, ROWS, COLUMNS]))
    assert "depths" in refusal(ncem(tmp_path / "b.emd", FRAMES, [("z", "nm", np.arange(5)), ROWS, COLUMNS]))


@pytest.mark.parametrize("unit", ["1/nm", "1 / nm", "[n_m^-1]", "$A^{-1}$", "mrad"])
def test_diffraction_patterns_are_refused_whatever_the_configuration_says(tmp_path: Path, unit: str) -> None:
    axes = [{"name": name, "scale": 0.1, "units": unit, "navigate": False} for name in ("ky", "kx")]
    write_hyperspy(tmp_path / "a.hspy", FRAMES, [counting_axis(scale=2.0), *axes])
    ncem(tmp_path / "b.emd", FRAMES, [ANGLES, ("ky", unit, np.arange(12) * 0.1), ("kx", unit, np.arange(16) * 0.1)])
    write_dm3(tmp_path / "c.dm3", FRAMES[0], [(0.1, 0.0, unit), (0.1, 0.0, unit)])
    imagej(tmp_path / "d.tif", unit, (1 / 4.56, 1 / 4.56))
    recorded = document(0)
    recorded["BinaryResult"] |= {"PixelUnitX": unit, "PixelUnitY": unit}
    write_stack(tmp_path / "e.emd", [recorded] * 3)
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(InputError, match=f"{path.name}: .*diffraction patterns"):
            read_header(path, fallback=SIZE)


def nanometre_axes() -> list[dict]:
    return image_axes("nm", 4.56)


def test_spectra_stored_as_images_are_refused(tmp_path: Path) -> None:
    energy = {"name": "Energy loss", "scale": 1.0, "offset": 300.0, "units": "eV", "navigate": True}
    assert "spectra" in refusal(write_hyperspy(tmp_path / "a.hspy", FRAMES, [energy, *nanometre_axes()]))
    wavelength = energy | {"name": "Wavelength", "units": "nm"}
    assert "spectra" in refusal(write_hyperspy(tmp_path / "b.hspy", FRAMES, [wavelength, *nanometre_axes()]))
    unnamed = energy | {"name": "", "units": ""}
    with h5py.File(write_hyperspy(tmp_path / "c.hspy", FRAMES, [unnamed, *nanometre_axes()]), "r+") as file:
        file["Experiments/stack/metadata/Signal"].attrs["signal_type"] = "EELS"
    assert "spectra" in refusal(tmp_path / "c.hspy")


def counting_axis(**changes: object) -> dict:
    return {"name": "Projections", "scale": 1.0, "offset": 0.0, "units": "degrees", "navigate": True} | changes


def test_an_axis_that_only_counts_is_no_tilt_whatever_its_unit(tmp_path: Path) -> None:
    for name in ("Projections", "Tilt"):
        path = write_hyperspy(tmp_path / f"{name}.hspy", FRAMES, [counting_axis(name=name), *nanometre_axes()])
        header = read_header(path)
        assert header.tilt_deg is None and "only counts" in header.remarks[0]


def test_tilts_that_etspy_keeps_in_the_metadata(tmp_path: Path) -> None:
    path = write_hyperspy(tmp_path / "a.hspy", FRAMES, [counting_axis(), *nanometre_axes()])
    with h5py.File(path, "r+") as file:
        kept = file.create_group("Experiments/stack/metadata/Tomography/_sig_tilts")
        kept["data"] = np.array(UNEVEN_DEG)[:, None]
        for name in ("metadata/General", "metadata/Signal", "original_metadata", "learning_results"):
            kept.create_group(name)
        for number, size in enumerate((5, 1)):
            attributes = {"_type": "UniformDataAxis", "offset": 0.0, "scale": 1.0, "size": size, "navigate": number == 0}
            kept.create_group(f"axis-{number}").attrs.update(attributes)
    np.testing.assert_allclose(read_header(path).tilt_deg, UNEVEN_DEG)


def test_no_file_has_tilts_beyond_ninety_degrees(tmp_path: Path) -> None:
    axis = counting_axis(scale=45.0, offset=0.0, name="rotation")
    header = read_header(write_hyperspy(tmp_path / "a.hspy", FRAMES, [axis, *nanometre_axes()]))
    assert header.tilt_deg is None and "beyond 90" in header.remarks[0]


def test_images_whose_axes_are_named_the_other_way_round(tmp_path: Path) -> None:
    axes = [{"name": name, "scale": scale, "units": "nm", "navigate": False} for name, scale in (("x", 4.56), ("y", 4.56))]
    tilt = counting_axis(scale=2.0, offset=-4.0)
    stack = read_stack(write_hyperspy(tmp_path / "a.hspy", FRAMES.transpose(0, 2, 1), [tilt, *axes]))
    np.testing.assert_array_equal(stack.frames, FRAMES)


@pytest.mark.parametrize("size", [1e6, 1e-9])
def test_a_size_that_no_image_has_is_a_wrong_unit(tmp_path: Path, size: float) -> None:
    path = write_hyperspy(tmp_path / "a.hspy", FRAMES[0], image_axes("nm", size))
    assert "is its unit right" in refusal(path)
    assert read_header(path, fallback=SIZE).pixel_size_nm == 2.0


def test_the_configuration_does_not_silently_lose_against_the_file(tmp_path: Path) -> None:
    write_series(tmp_path / "a.mrc", FRAMES, 4.56)
    header = read_header(tmp_path / "a.mrc", fallback=SIZE)
    assert header.pixel_size_nm == pytest.approx(4.56) and "reading.pixel_size_nm 2" in header.remarks[0]


def test_time_of_a_line_from_that_of_a_frame(tmp_path: Path) -> None:
    write_series(tmp_path / "a.mrc", FRAMES, 4.56)
    assert read_header(tmp_path / "a.mrc", fallback=FallbackMetadata(frame_time_s=0.6)).line_time_s == pytest.approx(0.05)
    both = FallbackMetadata(frame_time_s=0.6, line_time_s=0.04)
    assert read_header(tmp_path / "a.mrc", fallback=both).line_time_s == 0.04


@pytest.mark.skipif(importlib.util.find_spec("zarr") is not None, reason="the packages of the group ome-zarr are installed")
@pytest.mark.parametrize("name", ["a.zspy", "a.ome.zarr"])
def test_zarr_stores_ask_for_their_packages(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert "pip install .[ome-zarr]" in refusal(tmp_path / name)


@pytest.mark.parametrize(
    ("unit", "nanometres"),
    [
        ("\\u00B5m", 1e3), ("Âµm", 1e3), ("microns", 1e3), ("Micrometers", 1e3), ("micrometre", 1e3), ("cm", 1e7), ("inch", 25.4e6),
        ("inches", 25.4e6), ("metre", 1e9), ("meters", 1e9), ("[n_m]", 1), ("n_m", 1), (b"nm", 1), ("nm/px", 1), ("Ångström", 0.1),
        (b"\xb5m", 1e3), ("\\xb5m", 1e3), ("&micro;m", 1e3), ("$\\mu$m", 1e3), ("µ m", 1e3), ("um.", 1e3), ("\ufeffnm", 1),
        ("pixel/nm", None), ("nm⁻¹", None),
        ("A\u030a", 0.1), ("Angstroms", 0.1), ("mm", 1e6), ("nanometers", 1), ("pixel", None), ("1 / nm", None), ("deg", None),
        (None, None),         ("s", None), ("ms", None), ("eV", None), ("[]", None),
    ],
)  # fmt: skip
def test_every_spelling_of_a_length(unit: object, nanometres: float | None) -> None:
    assert length_in_nm(1, unit) == (None if nanometres is None else pytest.approx(nanometres))


@pytest.mark.parametrize(
    ("unit", "degrees"), [("deg", 1), ("[deg]", 1), ("degrees", 1), ("°", 1), ("Â°", 1), ("rad", 57.29578), ("nm", None)]
)
def test_every_spelling_of_an_angle(unit: str, degrees: float | None) -> None:
    assert angle_in_degrees(1, unit) == (None if degrees is None else pytest.approx(degrees))
