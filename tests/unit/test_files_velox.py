"""Velox files: the layout is written here from the description of genuine files, and read back."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import FallbackMetadata, FrameStack, read_header, read_stack

METADATA_BYTES = 60000
FRAMES = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5)  # (frame, y, x), every value once


def document(frame: int, detector: str = "BF", **changes: object) -> dict:
    """The metadata of one frame as Velox writes them: all numbers are strings."""
    sections = {
        "Acquisition": {"AcquisitionStartDatetime": {"DateTime": "1575540224"}, "AcquisitionDatetime": {"DateTime": "0"}},
        "Scan": {"DwellTime": "1.0000000000000001e-07", "LineTime": "6.68e-05", "FrameTime": "0.03", "ScanRotation": "0"},
        "Stage": {"AlphaTilt": str(np.radians(-70 + 2 * frame)), "BetaTilt": "0"},
        "BinaryResult": {
            "Detector": detector,
            "DetectorIndex": "0",
            "PixelSize": {"width": "4.56e-09", "height": "4.56e-09"},
            "PixelUnitX": "m",
            "PixelUnitY": "m",
            "Offset": {"x": "0", "y": "0"},
        },
        "Detectors": {"Detector-0": {"DetectorName": detector, "DetectorType": "ScanningDetector"}},
        "Optics": {},
        "Instrument": {},
        "Core": {"MetadataSchemaVersion": "v1/2013/07"},
        "CustomProperties": {
            f"Detectors[{detector}].TimeStamp": {"type": "int64", "value": str(1575540226238991 + 70000 * frame)},
        },
    }
    return sections | changes


def shifted(frame: int) -> dict:
    """Custom properties with the shifts that Velox measured."""
    return {
        "ShiftMeasureResult.dx": {"type": "double", "value": str(0.5 * frame)},
        "ShiftMeasureResult.dy": {"type": "double", "value": str(-2.0 * frame)},
    }


def add_image(file: h5py.File, identifier: str, frames: np.ndarray, documents: list[dict | bytes], operation: tuple[str, dict]) -> None:
    group = file.create_group(f"Data/Image/{identifier}")
    rows, columns = frames.shape[1:]
    group.create_dataset("Data", data=np.moveaxis(frames, 0, 2), chunks=(rows, columns, 1))
    metadata = group.create_dataset("Metadata", (METADATA_BYTES, len(documents)), np.uint8, chunks=(METADATA_BYTES, 1))
    for column, content in enumerate(documents):
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        metadata[: len(text), column] = np.frombuffer(text, np.uint8)
    kind, settings = operation
    add_text(file, f"Operations/{kind}/{identifier}", settings | {"dataPath": f"/Data/Image/{identifier}"})


def add_text(file: h5py.File, name: str, content: dict) -> None:
    file.create_dataset(name, data=np.array([json.dumps(content).encode()], dtype=object), dtype=h5py.string_dtype())


def velox_file(path: Path) -> h5py.File:
    file = h5py.File(path, "w")
    add_text(file, "Version", {"version": "8", "format": "Velox"})
    file.create_group("Presentation/Displays/ImageDisplay")
    file.create_group("Operations")
    return file


def stem(detector: str) -> tuple[str, dict]:
    return "StemInputOperation", {"detector": detector}


def write_stack(path: Path, documents: list[dict | bytes] | None = None) -> Path:
    documents = [document(i) for i in range(len(FRAMES))] if documents is None else documents
    with velox_file(path) as file:
        add_image(file, "0a", FRAMES, documents, stem("BF"))
    return path


def read_faulty(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_stack(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_pixels_come_as_frame_row_column(tmp_path: Path) -> None:
    stack = read_stack(write_stack(tmp_path / "a.emd"))
    np.testing.assert_array_equal(stack.frames, FRAMES)
    assert stack.frames.dtype == np.uint16


def test_scan_and_pixel_size_are_in_seconds_and_nanometres(tmp_path: Path) -> None:
    stack = read_stack(write_stack(tmp_path / "a.emd"))
    assert stack.pixel_size_nm == pytest.approx(4.56)
    assert (stack.dwell_time_s, stack.line_time_s, stack.frame_time_s) == pytest.approx((1e-7, 6.68e-5, 0.03))
    assert stack.detector == "BF"


def test_what_the_first_frame_alone_lacks_is_that_of_the_next(tmp_path: Path) -> None:
    documents = [document(0, Scan={}, BinaryResult={}), document(1), document(2)]
    stack = read_stack(write_stack(tmp_path / "a.emd", documents), fallback=FallbackMetadata(pixel_size_nm=9.0, dwell_time_s=1.0))
    assert stack.pixel_size_nm == pytest.approx(4.56) and not stack.size_is_assumed
    assert (stack.dwell_time_s, stack.line_time_s, stack.frame_time_s) == pytest.approx((1e-7, 6.68e-5, 0.03))


def test_every_frame_has_its_own_tilt_and_time(tmp_path: Path) -> None:
    stack = read_stack(write_stack(tmp_path / "a.emd"))
    np.testing.assert_allclose(stack.tilt_deg, [-70, -68, -66])
    np.testing.assert_allclose(stack.time_s, [0, 0.07, 0.14], atol=1e-6)


def test_tilt_missing_for_one_frame_counts_as_missing(tmp_path: Path) -> None:
    documents = [document(0), document(1, Stage={}), document(2)]
    path = write_stack(tmp_path / "a.emd", documents)
    assert read_stack(path).tilt_deg is None


def test_dates_serve_as_times_where_there_are_no_stamps(tmp_path: Path) -> None:
    dates = [{"AcquisitionStartDatetime": {"DateTime": str(1575540224 + 2 * i)}} for i in range(3)]
    documents = [document(i, CustomProperties={}, Acquisition=date) for i, date in enumerate(dates)]
    np.testing.assert_allclose(read_stack(write_stack(tmp_path / "a.emd", documents)).time_s, [0, 2, 4])


def test_times_that_do_not_increase_are_no_times(tmp_path: Path) -> None:
    documents = [document(i, CustomProperties={}) for i in range(3)]
    assert read_stack(write_stack(tmp_path / "a.emd", documents)).time_s is None


def test_time_stamps_are_those_of_the_detector_that_is_read(tmp_path: Path) -> None:
    stamps = [
        {f"Detectors[{name}].TimeStamp": {"value": str(1000 * step * i)} for name, step in (("ABF", 50), ("BF", 70))} for i in range(3)
    ]
    documents = [document(i, CustomProperties=each) for i, each in enumerate(stamps)]
    np.testing.assert_allclose(read_stack(write_stack(tmp_path / "a.emd", documents)).time_s, [0, 0.07, 0.14], atol=1e-9)


def test_velox_shifts_are_row_then_column(tmp_path: Path) -> None:
    documents = [document(i, CustomProperties=shifted(i)) for i in range(3)]
    stack = read_stack(write_stack(tmp_path / "a.emd", documents))
    np.testing.assert_allclose(stack.velox_shift_px, [[0, 0], [-2, 0.5], [-4, 1]])


def integrated_file(path: Path) -> Path:
    """A raw series and the DCFI series that Velox made of it, which alone holds the shifts."""
    with velox_file(path) as file:
        documents = [document(i, CustomProperties=shifted(i)) for i in range(3)]
        add_image(file, "0a", 10.0 + FRAMES.astype(np.float32), documents, ("IntegrationOperation", {}))
        add_image(file, "0b", FRAMES, [document(i) for i in range(3)], stem("BF"))
    return path


def test_raw_series_is_preferred_to_the_integrated_one(tmp_path: Path) -> None:
    stack = read_stack(integrated_file(tmp_path / "a.emd"))
    np.testing.assert_array_equal(stack.frames, FRAMES)
    np.testing.assert_allclose(stack.velox_shift_px[:, 0], [0, -2, -4])


def test_shifts_of_an_integrated_series_of_other_frames_are_not_those_of_the_raw_ones(tmp_path: Path) -> None:
    with velox_file(tmp_path / "a.emd") as file:
        documents = [document(i, CustomProperties=shifted(i)) for i in range(2)]
        add_image(file, "0a", FRAMES[:2].astype(np.float32), documents, ("IntegrationOperation", {}))
        add_image(file, "0b", FRAMES, [document(i) for i in range(3)], stem("BF"))
    assert read_stack(tmp_path / "a.emd").velox_shift_px is None


def test_integrated_series_is_read_by_its_name(tmp_path: Path) -> None:
    stack = read_stack(integrated_file(tmp_path / "a.emd"), detector="DCFI")
    np.testing.assert_array_equal(stack.frames, FRAMES + 10.0)


def two_kinds_of_image(path: Path, *detectors: str, raw: bool) -> Path:
    """The DCFI image of each detector, the pixels of the second one larger by 100, and the raw series of the first."""
    with velox_file(path) as file:
        for number, name in enumerate(detectors):
            pixels = (FRAMES[:1] + 7 + 100 * number).astype(np.float32)
            add_image(file, f"{number}a", pixels, [document(0, name)], ("IntegrationOperation", {}))
        if raw:
            add_image(file, "9a", FRAMES, [document(i, detectors[0]) for i in range(3)], stem(detectors[0]))
    return path


@pytest.mark.parametrize(
    ("detectors", "raw", "wanted", "added"),
    [
        (("BF",), True, "BF", 7),
        (("BF-S",), False, "BF-S", 7),
        (("BF-S",), False, "HAADF", 7),
        (("HAADF", "BF-S"), True, "BF", 107),
        (("HAADF", "BF-S"), False, "HAADF", 7),
    ],
)
def test_the_integrated_image_is_read_where_it_is_wanted(
    tmp_path: Path, detectors: tuple[str, ...], raw: bool, wanted: str, added: int
) -> None:
    path = two_kinds_of_image(tmp_path / "a.emd", *detectors, raw=raw)
    np.testing.assert_array_equal(read_stack(path, wanted, integrated=True).frames, FRAMES[:1] + added)
    assert read_header(path, wanted, integrated=True).shape == (1, 4, 5)


def test_integrated_images_of_unknown_detectors_are_not_chosen_from(tmp_path: Path) -> None:
    path = two_kinds_of_image(tmp_path / "a.emd", "HAADF", "DF4", raw=True)
    with pytest.raises(InputError, match=r"no image of the detector 'BF'.* DCFI #1, DCFI #2"):
        read_header(path, "BF", integrated=True)


def several_detectors(path: Path, *names: str) -> Path:
    with velox_file(path) as file:
        for number, name in enumerate(names):
            frames = (FRAMES + 100 * number).astype(np.uint16)
            add_image(file, f"{number:02}", frames, [document(i, name) for i in range(3)], stem(name))
    return path


@pytest.mark.parametrize(
    ("names", "wanted", "chosen"),
    [
        (("HAADF", "BF", "ABF"), "BF", 1),
        (("HAADF", "DF4-A", "BF-S"), "BF", 2),
        (("ABF", "STEM BF"), "BF", 1),
        (("BF-S", "BF"), "bf", 1),
        (("HAADF", "BF"), "HAADF", 0),
        (("HAADF",), "BF", 0),
    ],
)
def test_detector_is_chosen_by_name(tmp_path: Path, names: tuple[str, ...], wanted: str, chosen: int) -> None:
    stack = read_stack(several_detectors(tmp_path / "a.emd", *names), detector=wanted)
    np.testing.assert_array_equal(stack.frames, FRAMES + 100 * chosen)
    assert stack.detector == names[chosen]


@pytest.mark.parametrize(
    ("names", "wanted"), [(("HAADF", "ABF"), "BF"), (("HAADF", "BF"), "DF2"), (("BF-S", "BF-C"), "BF"), (("HAADF",), "DF2")]
)
def test_unknown_or_ambiguous_detector_lists_those_present(tmp_path: Path, names: tuple[str, ...], wanted: str) -> None:
    path = several_detectors(tmp_path / "a.emd", *names)
    with pytest.raises(InputError, match="set `detector` in `reading`") as caught:
        read_stack(path, detector=wanted)
    assert all(name in str(caught.value) for name in (path.name, *names))


def test_a_series_is_preferred_to_a_single_image_of_the_same_detector(tmp_path: Path) -> None:
    with velox_file(tmp_path / "a.emd") as file:
        add_image(file, "0a", FRAMES[:1] + np.uint16(7), [document(0)], stem("BF"))
        add_image(file, "0b", FRAMES, [document(i) for i in range(3)], stem("BF"))
    assert len(read_stack(tmp_path / "a.emd").frames) == 3


def test_pixels_in_one_piece_are_read_beside_those_of_another_detector(tmp_path: Path) -> None:
    path = several_detectors(tmp_path / "a.emd", "HAADF", "BF")
    with h5py.File(path, "a") as file:
        del file["Data/Image/01/Data"]
        file["Data/Image/01/Data"] = np.moveaxis(FRAMES, 0, 2)
    np.testing.assert_array_equal(read_stack(path).frames, FRAMES)


def test_header_agrees_with_stack_and_reads_no_pixels(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "a.emd")
    stack, header = read_stack(path), read_header(path)
    assert header.shape == stack.frames.shape
    for name in set(vars(stack)) - {"frames", "path"}:
        np.testing.assert_array_equal(getattr(stack, name), getattr(header, name))


def test_missing_pixel_size_is_an_error_with_its_remedy(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "a.emd", [document(i, BinaryResult={"DetectorIndex": "0"}) for i in range(3)])
    assert "`pixel_size_nm`" in read_faulty(path)
    stack: FrameStack = read_stack(path, fallback=FallbackMetadata(pixel_size_nm=2.1))
    assert stack.pixel_size_nm == 2.1


def test_value_in_the_file_outranks_the_fallback(tmp_path: Path) -> None:
    stack = read_stack(write_stack(tmp_path / "a.emd"), fallback=FallbackMetadata(pixel_size_nm=1, dwell_time_s=1))
    assert stack.pixel_size_nm == pytest.approx(4.56)
    assert stack.dwell_time_s == pytest.approx(1e-7)


def test_oblong_pixels_are_refused(tmp_path: Path) -> None:
    result = document(0)["BinaryResult"] | {"PixelSize": {"width": "4e-09", "height": "5e-09"}}
    assert "not square (4 x 5 nm)" in read_faulty(write_stack(tmp_path / "a.emd", [document(i, BinaryResult=result) for i in range(3)]))
