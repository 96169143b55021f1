"""Sheet, file and side-car that say different things: which one counts, and that a person is told."""

import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files.acquisition_sheet import check_files, read_sheet
from rapidstem.files.image_stacks import FallbackMetadata, read_header
from rapidstem.files.mrc_volumes import write_series
from rapidstem.files.tilt_angles import read_angle_file
from rapidstem.tomography.geometry_files import read_angles
from tests.unit.digital_micrograph_files import write_dm3
from tests.unit.test_files_formats import image_axes, write_hyperspy
from tests.unit.test_files_velox import FRAMES, add_image, document, read_faulty, stem, velox_file, write_stack

SERIES = np.random.default_rng(0).integers(0, 4000, (5, 16, 24)).astype(np.uint16)
OWN_DEG = [-60, -54, -48, -42, -36]


def tilted(folder: Path) -> Path:
    """A file with tilts of its own."""
    tilt = {"name": "tilt", "scale": 6.0, "offset": -60.0, "units": "deg", "navigate": True}
    return write_hyperspy(folder / "a.hspy", SERIES, [tilt, *image_axes("nm", 4.56)])


@pytest.mark.parametrize(("ending", "wins"), [(".rawtlt", True), (".tlt", True), (".txt", False), (".csv", False)])
def test_a_file_of_angles_wins_over_the_series_and_a_text_does_not(tmp_path: Path, ending: str, wins: bool) -> None:
    path = tilted(tmp_path)
    path.with_suffix(ending).write_text("-60\n-31\n0.5\n30\n61\n")
    header = read_header(path)
    np.testing.assert_allclose(header.tilt_deg, [-60, -31, 0.5, 30, 61] if wins else OWN_DEG)
    assert f"a{ending} and the file itself" in header.remarks[0] and "97 degrees apart" in header.remarks[0]


def test_the_same_angles_twice_are_no_contradiction(tmp_path: Path) -> None:
    path = tilted(tmp_path)
    path.with_suffix(".rawtlt").write_text("".join(f"{angle + 0.04}\n" for angle in OWN_DEG))
    assert read_header(path).remarks == ()


def test_a_file_of_angles_about_other_frames_is_said(tmp_path: Path) -> None:
    path = tilted(tmp_path)
    path.with_suffix(".rawtlt").write_text("1\n2\n")
    header = read_header(path)
    np.testing.assert_allclose(header.tilt_deg, OWN_DEG)
    assert "2 angles for 5 frames" in header.remarks[0]


@pytest.mark.parametrize("text", ["-60,0\n-31,0\n0,5\n30,0\n61,0\n", " -60,25\n-31,50\n# by eye\n0,75\n30,00\n61,25\n"])
def test_decimal_commas_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.rawtlt").write_text(text)
    with pytest.raises(InputError, match=r"a\.rawtlt: has decimal commas"):
        read_angle_file(tmp_path / "a.rawtlt", 5)


@pytest.mark.parametrize(
    "text",
    ["frame;angle\n1;-60,0\n2;-31,0\n3;0,5\n4;30,0\n5;61,0\n", "0\t-60,0\n1\t-31\n2\t0,5\n3\t30\n4\t61\n", "-60,0\n-31\n0,5\n30\n61\n"],
)
@pytest.mark.parametrize("ending", [".rawtlt", ".tlt", ".txt", ".csv"])
def test_decimal_commas_beside_other_separators_are_named_under_every_ending(tmp_path: Path, text: str, ending: str) -> None:
    write_series(tmp_path / "a.mrc", SERIES, 4.56)
    (tmp_path / f"a{ending}").write_text(text)
    (tmp_path / "sheet.tsv").write_text("acquisition\tkind\ttilt\trapid\tslow\na\ttilt_series\t\ta.mrc\t\n")
    with pytest.raises(InputError, match=rf"a\{ending}: has decimal commas, as in .*-60,0'"):
        check_files(read_sheet(tmp_path / "sheet.tsv"))


def test_numbered_frames_with_commas_between_are_no_decimals(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("0,-60\n1,-31\n2,0\n3,30\n4,61\n")
    np.testing.assert_array_equal(read_angle_file(tmp_path / "a.csv", 5), [-60, -31, 0, 30, 61])


def test_angles_without_a_file_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_angle_file(tmp_path / "a.rawtlt", 5)
    with pytest.raises(InputError, match="there is no such file"):
        read_angles(tmp_path / "a.angles.csv")


def write_ser(path: Path, frames: np.ndarray, size_nm: float = 4.56) -> Path:
    """A series of images as TIA writes it (version 0x220, http://www.er-c.org/cbb/info/TIAformat)."""
    count = len(frames)
    head = struct.pack("<HHHIIII", 0x4949, 0x0197, 0x0220, 0x4122, 0x4152, count, count)
    unit, words = b"", b"Number"
    axis = struct.pack("<IddII", count, 0.0, 1.0, 0, len(words)) + words + struct.pack("<I", len(unit)) + unit
    start = len(head) + 8 + 4 + len(axis)
    head += struct.pack("<QI", start, 1) + axis
    first = start + 16 * count
    elements = [
        struct.pack("<ddIddIHII", 0.0, size_nm * 1e-9, 0, 0.0, size_nm * 1e-9, 0, 2, *frame.shape[::-1])
        + frame[::-1].astype("<u2").tobytes()
        for frame in frames
    ]
    places = np.cumsum([first, *(len(element) + 8 for element in elements)])[:-1]
    offsets = struct.pack(f"<{count}Q", *places) + struct.pack(
        f"<{count}Q", *(place + len(e) for place, e in zip(places, elements, strict=True))
    )
    path.write_bytes(head + offsets + b"".join(element + struct.pack("<HHI", 0x4152, 0, 0) for element in elements))
    return path


def write_emi(path: Path, tilt_deg: float) -> Path:
    described = f"<Data><Label>Stage A</Label><Value>{tilt_deg}</Value><Unit>deg</Unit></Data>"
    xml = f"<ObjectInfo><ExperimentalDescription><Root>{described}</Root></ExperimentalDescription></ObjectInfo>"
    path.write_bytes(b"\0" * 40 + xml.encode() + b"\0" * 40)
    return path


def test_the_stage_of_a_single_emi_image_is_compared_with_the_sheet(tmp_path: Path) -> None:
    write_ser(tmp_path / "a_1.ser", SERIES[:1])
    write_emi(tmp_path / "a.emi", 60.06)
    write_series(tmp_path / "f.mrc", SERIES, 4.56)
    header = read_header(tmp_path / "a.emi")
    np.testing.assert_allclose(header.tilt_deg, [60.06])
    assert header.pixel_size_nm == pytest.approx(4.56)
    for tilt, remarks in ((-70, 1), (60, 0)):
        (tmp_path / "sheet.tsv").write_text(f"acquisition\tkind\ttilt\trapid\tslow\nf\ttest\t{tilt}\tf.mrc\ta.emi\n")
        said = [line for line in check_files(read_sheet(tmp_path / "sheet.tsv")).remarks if "the stage stood" in line]
        assert len(said) == remarks
        assert all(line.startswith("acquisition 'f', column slow: ") and "60.06 degrees" in line and "-70" in line for line in said)


def test_an_image_of_several_frames_is_said_to_be_its_first(tmp_path: Path) -> None:
    write_series(tmp_path / "rapid.mrc", SERIES, 4.56)
    write_series(tmp_path / "slow.mrc", SERIES[:4], 4.56)
    write_series(tmp_path / "dcfi.mrc", SERIES[:1], 4.56)
    row = "f\ttest\t0\trapid.mrc\tslow.mrc\tdcfi.mrc"
    (tmp_path / "sheet.tsv").write_text(f"acquisition\tkind\ttilt\trapid\tslow\tdcfi\n{row}\n")
    (said,) = check_files(read_sheet(tmp_path / "sheet.tsv")).remarks
    assert said.startswith("acquisition 'f', column slow: ") and "holds 4 frames, of which the first is used as the slow image" in said


def test_the_integrated_image_beside_raw_frames_is_the_one_of_the_sheet(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 999, (3, 32, 32)).astype(np.uint16)
    with velox_file(tmp_path / "both.emd") as file:
        add_image(file, "0a", pixels[:1].astype(np.float32), [document(0, "BF-S")], ("IntegrationOperation", {}))
        add_image(file, "0b", pixels, [document(0, "BF-S")] * 3, stem("BF-S"))
    (tmp_path / "sheet.tsv").write_text("acquisition\tkind\ttilt\trapid\tslow\tdcfi\nf\ttraining\t-70\tboth.emd\t\tboth.emd\n")
    assert check_files(read_sheet(tmp_path / "sheet.tsv"), "BF-S").remarks == []


def test_a_unit_that_a_reader_guesses_is_said(tmp_path: Path) -> None:
    """The pixels' unit is nowhere in this file: its reader takes nanometres, and a person must know."""
    write_ser(tmp_path / "a_1.ser", SERIES)
    assert any("its reader warns" in remark and "nm" in remark for remark in read_header(write_emi(tmp_path / "a.emi", 0.0)).remarks)


def test_pixels_without_their_emi_are_said_to_lack_what_stands_there(tmp_path: Path) -> None:
    path = write_ser(tmp_path / "a_1.ser", SERIES)
    header = read_header(path)
    assert header.pixel_size_nm == pytest.approx(4.56) and header.stage_tilt_deg is None
    assert header.remarks[0].startswith("a.emi, which holds the mode and the stage's tilt, is not beside it")
    write_emi(tmp_path / "a.emi", 0.0)
    assert read_header(path).remarks == ()


def test_a_diffraction_series_whose_unit_is_guessed_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is its unit right"):
        read_header(write_ser(tmp_path / "a_1.ser", SERIES, size_nm=1e17))


def test_a_field_at_rest_whose_file_is_a_tilt_series_is_said(tmp_path: Path) -> None:
    tilted(tmp_path)
    for kind, tilt, remarks in (("test", "-48", 1), ("tilt_series", "", 0)):
        (tmp_path / "sheet.tsv").write_text(f"acquisition\tkind\ttilt\trapid\tslow\nf\t{kind}\t{tilt}\ta.hspy\t\n")
        said = [line for line in check_files(read_sheet(tmp_path / "sheet.tsv")).remarks if "tilts go from" in line]
        assert len(said) == remarks
        assert all("from -60.00 to -36.00 degrees, the sheet says that it is at rest" in line for line in said)


IMAGE_NM = [(0.00456, 0.0, "µm"), (0.00456, 0.0, "µm")]
STAGE = {"Microscope Info": {"Stage Position": {"Stage Alpha": 24.95, "Stage Beta": 0.0}}}


def test_the_stage_of_a_single_dm_image_is_read_and_that_of_a_stack_is_compared(tmp_path: Path) -> None:
    image = write_dm3(tmp_path / "a.dm3", SERIES[0], IMAGE_NM, STAGE)
    np.testing.assert_allclose(read_header(image).tilt_deg, [24.95])
    stack = read_header(write_dm3(tmp_path / "b.dm3", SERIES, [(1.0, 0.0, ""), *IMAGE_NM], STAGE))
    assert stack.tilt_deg is None and stack.stage_tilt_deg == pytest.approx(24.95)
    (tmp_path / "sheet.tsv").write_text("acquisition\tkind\ttilt\trapid\tslow\nf\ttest\t-25\tb.dm3\ta.dm3\n")
    said = [line for line in check_files(read_sheet(tmp_path / "sheet.tsv")).remarks if "the stage stood" in line]
    assert [words for words in ("column rapid", "column slow") for line in said if words in line] == ["column rapid", "column slow"]


def test_dm_stacks_by_the_unit_of_their_axis(tmp_path: Path) -> None:
    series = write_dm3(tmp_path / "a.dm3", SERIES, [(2.0, -4.0, "deg"), *IMAGE_NM])
    np.testing.assert_allclose(read_header(series).tilt_deg, [-4, -2, 0, 2, 4])
    for unit, tags in (("eV", {}), ("eV", {"Meta Data": {"Signal": "EELS"}}), ("nm", {"Meta Data": {"Signal": "CL"}})):
        with pytest.raises(InputError, match=r"spectra|depths"):
            read_header(write_dm3(tmp_path / "b.dm3", SERIES, [(0.5, 300.0, unit), *IMAGE_NM], tags))


def test_an_emi_without_its_pixels_or_with_two_detectors_names_the_files(tmp_path: Path) -> None:
    path = write_emi(tmp_path / "a.emi", 0.0)
    with pytest.raises(InputError, match=r"a\.emi: .*a_1\.ser, which is not beside it"):
        read_header(path)
    for number in (1, 2):
        write_ser(tmp_path / f"a_{number}.ser", SERIES)
    with pytest.raises(InputError, match=r"give one of the files a_1\.ser, a_2\.ser"):
        read_header(path)
    assert read_header(tmp_path / "a_2.ser").shape == SERIES.shape


def test_zoom_that_changes_within_a_stack_is_refused_with_the_frame(tmp_path: Path) -> None:
    wide = document(2)["BinaryResult"] | {"PixelSize": {"width": "9.12e-09", "height": "9.12e-09"}}
    said = read_faulty(write_stack(tmp_path / "a.emd", [document(0), document(1), document(2, BinaryResult=wide)]))
    assert "from 4.56 to 9.12 nm at frame 2" in said


def test_dwell_time_that_changes_within_a_stack_is_said(tmp_path: Path) -> None:
    slow = document(1)["Scan"] | {"DwellTime": "5e-07"}
    path = write_stack(tmp_path / "a.emd", [document(0), document(1, Scan=slow), document(2)])
    assert "DwellTime changes from 1e-07 to 5e-07 s at frame 1" in read_header(path).remarks[0]


def test_times_of_the_configuration_that_a_file_overrules_are_said(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "a.emd")
    own = read_header(path)
    assert own.dwell_time_s and own.line_time_s and own.frame_time_s and own.time_s is not None
    times = {"dwell_time_s": own.dwell_time_s, "line_time_s": own.line_time_s, "frame_time_s": own.frame_time_s}
    times["frame_interval_s"] = float(np.diff(own.time_s)[0])
    assert read_header(path, fallback=FallbackMetadata(**times)).remarks == ()
    for name, value in times.items():
        header = read_header(path, fallback=FallbackMetadata(**(times | {name: 2 * value})))
        assert len(header.remarks) == 1 and f"reading.{name} {2 * value:.4g}; that of the file is used" in header.remarks[0]
        assert getattr(header, name, value) == value


def two_of_one_detector(path: Path, tiles: int = 1) -> Path:
    first = np.tile(FRAMES, (1, tiles, tiles)).astype(np.uint16)
    with velox_file(path) as file:
        for number in range(2):
            frames = first + np.uint16(100 * number)
            add_image(file, f"f{number}", frames, [document(i, "DF-S") for i in range(3)], stem("DF-S"))
        add_image(file, "h0", first + np.uint16(500), [document(i, "HAADF") for i in range(3)], stem("HAADF"))
    return path


def test_two_images_of_one_detector_have_names_that_a_person_can_type(tmp_path: Path) -> None:
    path = two_of_one_detector(tmp_path / "a.emd")
    with pytest.raises(InputError, match=r"2 images of the detector 'DF-S'.*DF-S #1 \(3 x 4 x 5\), DF-S #2 \(3 x 4 x 5\)"):
        read_header(path, "DF-S")
    from rapidstem.files.image_stacks import read_stack

    np.testing.assert_array_equal(read_stack(path, "DF-S #2").frames, FRAMES + 100)
    assert read_header(path, "HAADF").detector == "HAADF"


def test_a_row_of_the_sheet_may_name_its_own_detector(tmp_path: Path) -> None:
    two_of_one_detector(tmp_path / "a.emd", tiles=4)
    two_of_one_detector(tmp_path / "b.emd", tiles=4)
    rows = "a\ttest\t-70\ta.emd\t\tDF-S #1\nb\ttest\t-70\tb.emd\t\t\n"
    (tmp_path / "sheet.tsv").write_text(f"acquisition\tkind\ttilt\trapid\tslow\tdetector\n{rows}")
    sheet = read_sheet(tmp_path / "sheet.tsv")
    assert sheet["detector"].tolist() == ["DF-S #1", ""]
    check_files(sheet, "HAADF")
    with pytest.raises(InputError, match="acquisition 'b'") as caught:
        check_files(sheet, "BF")
    assert "acquisition 'a'" not in str(caught.value)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 0)])
def test_an_unusable_image_of_another_detector_does_not_matter(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = write_stack(tmp_path / "a.emd")
    with h5py.File(path, "a") as file:
        file.create_dataset("Data/Image/00/Data", shape, np.uint16)
    assert read_header(path).shape == FRAMES.shape
    assert read_header(path, fallback=FallbackMetadata()).detector == "BF"


def test_an_unusable_image_of_the_wanted_detector_is_not_replaced_by_another(tmp_path: Path) -> None:
    with velox_file(tmp_path / "a.emd") as file:
        for name in ("HAADF", "BF"):
            add_image(file, name.lower(), FRAMES, [document(i, name) for i in range(3)], stem(name))
        del file["Data/Image/bf/Data"]
    assert "image bf has no pixels" in read_faulty(tmp_path / "a.emd")
