"""What Velox says of its images and frames, at its limits: names, units of both axes, changes from frame to frame, zeros for nothing."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import read_header, read_stack
from rapidstem.files.readers.velox_documents import positive_number
from rapidstem.files.readers.velox_images import VeloxImage, list_images
from rapidstem.files.readers.velox_series import choose_image
from tests.unit.test_files_velox import FRAMES, add_image, document, read_faulty, shifted, stem, velox_file, write_stack


@pytest.mark.parametrize(
    ("text", "number"), [("2.5e-7", 2.5e-7), ("0", None), ("-1", None), ("nan", None), ("inf", None), ("", None), (None, None)]
)
def test_zero_and_what_is_no_number_stand_for_nothing(text: str | None, number: float | None) -> None:
    assert positive_number(text) == number


def test_a_date_of_zero_is_none(tmp_path: Path) -> None:
    dates = {"Acquisition": {"AcquisitionStartDatetime": {"DateTime": "0"}}}
    assert read_header(write_stack(tmp_path / "a.emd")).started_s == 1575540224
    assert read_header(write_stack(tmp_path / "b.emd", [document(frame, **dates) for frame in range(3)])).started_s is None


def result(height: str, width: str, unit_y: str = "m") -> dict:
    sizes = {"PixelSize": {"height": height, "width": width}, "PixelUnitY": unit_y, "PixelUnitX": "m", "Detector": "BF"}
    return {"BinaryResult": sizes}


def test_each_edge_of_a_pixel_has_its_own_unit(tmp_path: Path) -> None:
    documents = [document(frame, **result("4.56", "4.56e-09", "nm")) for frame in range(3)]
    assert read_header(write_stack(tmp_path / "a.emd", documents)).pixel_size_nm == pytest.approx(4.56)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_what_grows_or_shrinks_from_frame_to_frame_is_refused_or_said(tmp_path: Path, factor: float) -> None:
    size = str(factor * 4.56e-9)
    zoomed = [document(0), document(1), document(2, **result(size, size))]
    words = f"the pixel size changes from 4.56 to {factor * 4.56:.5g} nm at frame 2"
    assert words in read_faulty(write_stack(tmp_path / "a.emd", zoomed))
    scan = {"DwellTime": str(factor * 1e-7), "LineTime": str(factor * 6.68e-5), "FrameTime": "0.03"}
    remarks = read_header(write_stack(tmp_path / "b.emd", [document(0), document(1, Scan=scan), document(2)])).remarks
    assert [remark.split(" s ")[0] for remark in remarks] == [
        f"DwellTime changes from 1e-07 to {factor * 1e-7:.4g}",
        f"LineTime changes from 6.68e-05 to {factor * 6.68e-5:.4g}",
    ]


def test_documents_of_frames_that_were_not_stored_do_not_matter(tmp_path: Path) -> None:
    stack = read_stack(write_stack(tmp_path / "a.emd", [document(frame) for frame in range(5)]))
    np.testing.assert_array_equal(stack.frames, FRAMES)
    assert stack.tilt_deg is not None and len(stack.tilt_deg) == 3


def test_shifts_of_another_detector_are_not_those_of_a_series(tmp_path: Path) -> None:
    with velox_file(tmp_path / "a.emd") as file:
        add_image(file, "0a", FRAMES, [document(frame) for frame in range(3)], stem("BF"))
        custom = [document(frame, "HAADF", CustomProperties=shifted(frame)) for frame in range(3)]
        add_image(file, "0b", FRAMES, custom, stem("HAADF"))
    assert read_header(tmp_path / "a.emd").velox_shift_px is None
    assert read_header(tmp_path / "a.emd", "HAADF").velox_shift_px is not None


def test_images_are_called_after_their_detector_camera_or_calculation_and_else_by_their_number(tmp_path: Path) -> None:
    operations = {
        "0a": ("StemInputOperation", {"detector": "BF-S"}),
        "0b": ("StemInputOperation", {"detector": "BF-S"}),
        "0c": ("CameraInputOperation", {"cameraName": "Ceta"}),
        "0d": ("IntegrationOperation", {"detector": "BF-S"}),
        "0e": ("AnyOperation", {}),
        "0f": ("AnyOperation", {}),
    }
    with velox_file(tmp_path / "a.emd") as file:
        for identifier, operation in operations.items():
            nameless = [document(frame, **({"BinaryResult": {}} if identifier > "0d" else {})) for frame in range(3)]
            add_image(file, identifier, FRAMES, nameless, operation)
        file.create_dataset("Operations/StemInputOperation/empty", (0,), h5py.string_dtype())
    with h5py.File(tmp_path / "a.emd") as file:
        images = list_images(tmp_path / "a.emd", file)
    assert [image.label for image in images] == ["BF-S #1", "BF-S #2", "Ceta", "DCFI", "0e", "0f"]
    assert [image.names for image in images] == [("BF-S", "BF"), ("BF-S", "BF"), ("Ceta", "BF"), ("DCFI",), (), ()]
    assert [image.calculated for image in images] == [False, False, False, True, False, False] and images[3].source == "BF"


def test_what_a_later_frame_lacks_is_missing_for_all_and_another_stamp_or_date_serves_as_time(tmp_path: Path) -> None:
    tiltless = [document(0), document(1), document(2, Stage={})]
    assert read_header(write_stack(tmp_path / "a.emd", tiltless)).tilt_deg is None
    stamps = [{f"Detectors[{name}].TimeStamp": {"value": str(int(1e6 * frame))} for name in ("A", "B")} for frame in range(3)]
    del stamps[2]["Detectors[A].TimeStamp"]
    stamped = [document(frame, CustomProperties=stamps[frame]) for frame in range(3)]
    dates = [
        {"AcquisitionDatetime": {"DateTime": str(100 + 5 * frame)}, "AcquisitionStartDatetime": {"DateTime": "90"}} for frame in range(3)
    ]
    dated = [document(frame, CustomProperties={}, Acquisition=dates[frame]) for frame in range(3)]
    for number, (documents, times) in enumerate([(stamped, [0, 1, 2]), (dated, [0, 5, 10])]):
        assert read_header(write_stack(tmp_path / f"{number}.emd", documents)).time_s == pytest.approx(times)


def image(identifier: str, *names: str, **changes: object) -> VeloxImage:
    said = {"calculated": False, "grey": True, "shape": (3, 4, 5), "label": names[0] if names else identifier} | changes
    return VeloxImage(identifier, names, **said)


RAW, CALCULATED = image("0a", "BF"), image("0b", "DPC", calculated=True, source="HAADF")
BROKEN, SHORT, NAMELESS = image("0c", "BF", fault="no pixels"), image("0d", "BF", shape=(1, 4, 5)), image("0e")


@pytest.mark.parametrize(
    ("images", "detector", "integrated", "chosen"),
    [
        ([RAW, CALCULATED], "BF", True, RAW),
        ([RAW], "HAADF", True, RAW),
        ([NAMELESS], "HAADF", False, NAMELESS),
        ([BROKEN, RAW], "BF", False, RAW),
        ([SHORT, RAW], "BF", False, RAW),
        ([image("0f", "BF", calculated=True, shape=(9, 4, 5)), RAW], "BF", False, RAW),
        ([RAW, image("0g", "HAADF", grey=False)], "bf ", False, RAW),
    ],
)
def test_sound_raw_series_go_before_others_of_a_detector(
    images: list[VeloxImage], detector: str, integrated: bool, chosen: VeloxImage
) -> None:
    assert choose_image(Path("a.emd"), images, detector, integrated) == chosen


@pytest.mark.parametrize(
    ("images", "detector", "words"),
    [
        ([RAW], "HAADF", "no image of the detector 'HAADF'"),
        ([RAW, CALCULATED], "HAADF", "no image of the detector 'HAADF'"),
        ([BROKEN], "BF", "no pixels"),
        ([image("0g", "BF", grey=False)], "BF", "no image has grey values"),
    ],
)
def test_no_other_image_stands_in_for_a_detector(images: list[VeloxImage], detector: str, words: str) -> None:
    with pytest.raises(InputError, match=rf"a\.emd: .*{words}"):
        choose_image(Path("a.emd"), images, detector)
