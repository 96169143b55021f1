"""Series that are still being written: what of them is complete, and what is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import tifffile

from rapidstem.errors import InputError
from rapidstem.files import read_header, write_angle_file, write_series
from rapidstem.live import WaitingFrames, open_growing, planned_tilts

FRAMES = np.arange(5 * 6 * 8, dtype=np.uint16).reshape(5, 6, 8) + 1
FRAME_BYTES = FRAMES[0].nbytes


class Writer:
    """A clock whose every tick of sleep writes the next piece."""

    def __init__(self, steps: list[Callable[[], object]]) -> None:
        self.steps, self.now = steps, 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.steps:
            self.steps.pop(0)()

    def waiting(self, path: Path, wanted: int | None, patience_s: float = 3.0) -> WaitingFrames:
        return WaitingFrames(path, wanted, patience_s, self.sleep, lambda: self.now)


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """An MRC file of five frames."""
    write_series(tmp_path / "whole.mrc", FRAMES, 4.56)
    return (tmp_path / "whole.mrc").read_bytes()


def pieces(path: Path, content: bytes, size: int) -> list[Callable[[], object]]:
    """Steps that append the content piece by piece."""

    def append(piece: bytes) -> None:
        with path.open("ab") as file:
            file.write(piece)

    return [lambda piece=content[first : first + size]: append(piece) for first in range(0, len(content), size)]


def in_pairs(frames: WaitingFrames) -> list[np.ndarray]:
    """All frames in slices of two, as a network takes them."""
    found, first = [], 0
    while first < len(frames):
        found.append(frames[first : first + 2])
        first += 2
    return found


@pytest.mark.parametrize("size", [7, 50, 96, 100_000])
def test_frames_are_given_whole_and_in_the_groups_that_were_asked_for(content: bytes, tmp_path: Path, size: int) -> None:
    path = tmp_path / "growing.mrc"
    blocks = in_pairs(Writer(pieces(path, content, size)).waiting(path, len(FRAMES), patience_s=1000))
    assert [len(block) for block in blocks] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(blocks), FRAMES)


def test_half_a_frame_does_not_count(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "growing.mrc"
    path.write_bytes(content[: len(content) - FRAME_BYTES // 2])
    assert open_growing(path).complete_frames() == len(FRAMES) - 1


@pytest.mark.parametrize("frames", [1, 2, 3, 4])
def test_a_series_that_stops_growing_is_as_long_as_it_is(content: bytes, tmp_path: Path, frames: int) -> None:
    path = tmp_path / "growing.mrc"
    stopped = content[: len(content) - (len(FRAMES) - frames) * FRAME_BYTES]
    waiting = Writer(pieces(path, stopped, 100)).waiting(path, None)
    np.testing.assert_array_equal(np.concatenate(in_pairs(waiting)), FRAMES[:frames])
    assert waiting.ended and waiting.count == frames


def test_a_series_is_complete_with_its_last_frame_however_patient_one_is(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "growing.mrc"
    path.write_bytes(content)
    writer = Writer([])
    in_pairs(writer.waiting(path, len(FRAMES), patience_s=1e9))
    assert writer.now == 0


@pytest.mark.parametrize("wanted", [2, None])
def test_frames_are_given_as_soon_as_they_are_there(content: bytes, tmp_path: Path, wanted: int | None) -> None:
    path = tmp_path / "growing.mrc"
    path.write_bytes(content[: len(content) - 3 * FRAME_BYTES])
    writer = Writer([])
    waiting = writer.waiting(path, wanted, patience_s=100)
    np.testing.assert_array_equal(waiting[0:2], FRAMES[:2])
    assert writer.now == 0 and waiting.pixel_size_nm == pytest.approx(4.56)


def test_patience_begins_anew_with_every_frame(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "growing.mrc"
    path.write_bytes(content[: len(content) - 4 * FRAME_BYTES])
    (frame_comes,) = pieces(path, bytes(FRAME_BYTES), FRAME_BYTES)
    waiting = Writer(([lambda: None] * 10 + [frame_comes]) * 4).waiting(path, None, patience_s=2.5)
    assert sum(map(len, in_pairs(waiting))) == 5


def test_more_frames_than_were_to_come_are_left_out(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "growing.mrc").write_bytes(content)
    waiting = Writer([]).waiting(tmp_path / "growing.mrc", 3)
    np.testing.assert_array_equal(waiting[0:5], FRAMES[:3])
    assert (waiting.count, waiting.shape) == (3, (3, 6, 8))
    with pytest.raises(IndexError, match="slices without a step"):
        waiting[0:3:2]


def test_files_that_appear_are_frames_when_they_are_complete(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    tifffile.imwrite(tmp_path / "whole.tif", FRAMES[1])
    half = (tmp_path / "whole.tif").read_bytes()[:40]

    def write(number: int) -> None:
        tifffile.imwrite(folder / f"{number:03d}.tif", FRAMES[number])

    steps = [lambda: write(0), lambda: (folder / "001.tif").write_bytes(half), lambda: None, lambda: None]
    steps += [lambda number=number: write(number) for number in range(1, 5)]
    blocks = in_pairs(Writer(steps).waiting(folder, len(FRAMES)))
    np.testing.assert_array_equal(np.concatenate(blocks), FRAMES)


@pytest.mark.parametrize("name", ["frames", "2026.11.30"])
def test_a_folder_that_is_not_there_yet_is_waited_for(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    steps = [lambda: None, folder.mkdir]
    steps += [lambda number=number: tifffile.imwrite(folder / f"{number}.tif", FRAMES[number]) for number in range(5)]
    np.testing.assert_array_equal(np.concatenate(in_pairs(Writer(steps).waiting(folder, len(FRAMES)))), FRAMES)


def test_what_stands_in_the_place_of_a_folder_and_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "frames.txt").write_text("no frames")
    with pytest.raises(InputError, match="cannot be read while it is written"):
        open_growing(tmp_path / "frames.txt")


def test_the_first_frame_is_waited_for_from_when_its_file_has_appeared(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "growing.mrc"
    steps = [lambda: None] * 10 + [lambda: path.write_bytes(content[:1024])] + [lambda: None] * 10 + [lambda: path.write_bytes(content)]
    assert len(Writer(steps).waiting(path, len(FRAMES), patience_s=3.0)) == len(FRAMES)


def test_half_of_a_compressed_file_is_no_frame_yet(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).poisson(20, (64, 64)).astype(np.uint16)
    whole, folder = tmp_path / "whole.tif", tmp_path / "frames"
    folder.mkdir()
    tifffile.imwrite(whole, noise, compression="zlib", rowsperstrip=16)
    (folder / "1.tif").write_bytes(whole.read_bytes()[:-500])
    series = open_growing(folder)
    assert [series.complete_frames() for _ in range(3)] == [0, 0, 0]
    shutil.copy(whole, folder / "1.tif")
    assert [series.complete_frames() for _ in range(2)] == [0, 1]
    np.testing.assert_array_equal(series.read(0, 1)[0], noise)


def test_frames_of_a_folder_are_grey_images_of_one_size(tmp_path: Path) -> None:
    for number, shape in enumerate([(1, 6, 8), (6, 8), (8, 6), (2, 6, 8)]):
        tifffile.imwrite(tmp_path / f"{number}.TIF", np.full(shape, number, np.uint16))
    series = open_growing(tmp_path)
    assert [series.complete_frames() for _ in range(2)] == [0, 4]
    np.testing.assert_array_equal(series.read(0, 2), np.stack([np.zeros((6, 8)), np.ones((6, 8))]))
    for part in [(1, 3), (3, 4)]:
        with pytest.raises(InputError, match="not grey images of one size"):
            series.read(*part)


def test_a_compression_that_cannot_be_undone_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tifffile.imwrite(tmp_path / "1.tif", FRAMES[0], compression="zlib")
    lacking = ValueError("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")
    monkeypatch.setattr(tifffile, "imread", Mock(side_effect=lacking))
    series = open_growing(tmp_path)
    series.complete_frames()
    with pytest.raises(InputError, match=r"1\.tif: its compression cannot be undone here .*save the frames without compression"):
        series.complete_frames()


def test_a_file_between_others_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for name in ("1.tif", "3.tif"):
        tifffile.imwrite(folder / name, FRAMES[0])
    series = open_growing(folder)
    series.complete_frames()
    assert series.complete_frames() == 2
    tifffile.imwrite(folder / "2.tif", FRAMES[0])
    with pytest.raises(InputError, match="number the frames in the order of recording"):
        series.complete_frames()


def test_nothing_that_appears_ends_in_time(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has not appeared within 3 s"):
        Writer([]).waiting(tmp_path / "growing.mrc", 5)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no frame has come within 3 s"):
        Writer([]).waiting(tmp_path / "empty", 5)


def test_a_velox_file_is_not_followed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read while it is written"):
        open_growing(tmp_path / "series.emd")


def test_a_file_that_becomes_shorter_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "growing.mrc"
    path.write_bytes(content[:-FRAME_BYTES])
    waiting = Writer([lambda: path.write_bytes(content[: -3 * FRAME_BYTES])]).waiting(path, len(FRAMES))
    with pytest.raises(InputError, match="had 4 frames, and has 2 now"):
        in_pairs(waiting)


def test_tilts_stand_beside_the_series(tmp_path: Path) -> None:
    write_angle_file(tmp_path / "growing.rawtlt", np.array([-60.0, 0.0, 60.0]))
    np.testing.assert_allclose(planned_tilts(tmp_path / "growing.mrc"), [-60, 0, 60])
    with pytest.raises(InputError, match=r"write other\.rawtlt beside it"):
        planned_tilts(tmp_path / "other.mrc")


@pytest.mark.parametrize("text", ["\ufeff-60\r\n0\r\n60\r\n", "1 -60\n2 0\n3 60\n", "# planned\n-60\n0\n60\n"])
def test_planned_tilts_are_read_as_those_of_a_finished_series(tmp_path: Path, text: str) -> None:
    (tmp_path / "growing.rawtlt").write_text(text, encoding="utf-8")
    np.testing.assert_array_equal(planned_tilts(tmp_path / "growing.mrc"), [-60, 0, 60])


@pytest.mark.parametrize("text", ["nan\n0\n", "-680\n0\n"])
def test_planned_tilts_that_are_no_angles_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "growing.rawtlt").write_text(text)
    with pytest.raises(InputError, match=r"line 1: .* is no angle between -90 and 90 degrees"):
        planned_tilts(tmp_path / "growing.mrc")


def test_wrong_tilts_are_refused_before_a_frame_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "growing.rawtlt").write_text("-70\nnan\n")
    writer = Writer([])
    with pytest.raises(InputError, match=r"growing\.rawtlt, line 2"):
        writer.waiting(tmp_path / "growing.mrc", 5)
    assert writer.now == 0


def test_files_of_a_folder_follow_each_other_by_their_numbers(tmp_path: Path) -> None:
    for number in range(1, 13):
        tifffile.imwrite(tmp_path / f"frame{number}.tif", np.full((16, 16), number, np.uint16))
    growing = open_growing(tmp_path)
    growing.complete_frames()
    assert growing.complete_frames() == 12
    np.testing.assert_array_equal(growing.read(0, 12)[:, 0, 0], np.arange(1, 13))


def test_a_stack_states_its_pixel_size_as_the_finished_file_does(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "whole.mrc"
    assert open_growing(path).pixel_size_nm == read_header(path).pixel_size_nm
    (tmp_path / "frames").mkdir()
    assert open_growing(tmp_path / "frames").pixel_size_nm is None


@pytest.mark.parametrize(("lowest", "kind"), [(-30000, np.int16), (40000, np.uint16), (-0.5, np.float32)])
def test_frames_behind_an_extended_header_have_the_values_and_the_place_that_they_were_written_with(
    tmp_path: Path, lowest: float, kind: type
) -> None:
    path, frames = tmp_path / "growing.mrc", (FRAMES.astype(float) + lowest).astype(kind)
    write_series(path, frames, 4.56)
    whole, extended = bytearray(path.read_bytes()), 128
    whole[92:96] = np.array(extended, "<i4").tobytes()
    path.write_bytes(whole[:1024])
    assert open_growing(path).complete_frames() == 0
    path.write_bytes(whole[:1024] + bytes(extended) + whole[1024:])
    series = open_growing(path)
    assert series.complete_frames() == len(frames)
    np.testing.assert_array_equal(series.read(2, 5), frames[2:])


@pytest.mark.parametrize(("offset", "value"), [(0, 0), (12, 4)])
def test_a_header_without_pixels_or_of_complex_numbers_is_refused(content: bytes, tmp_path: Path, offset: int, value: int) -> None:
    damaged = bytearray(content)
    damaged[offset : offset + 4] = np.array(value, "<i4").tobytes()
    (tmp_path / "growing.mrc").write_bytes(damaged)
    with pytest.raises(InputError, match="is no MRC file of 16-bit integers or floats"):
        open_growing(tmp_path / "growing.mrc")


@pytest.mark.parametrize("cell_angstrom", [1.0, 8.0])
def test_one_angstrom_is_no_pixel_size(content: bytes, tmp_path: Path, cell_angstrom: float) -> None:
    changed = bytearray(content)
    changed[40:44] = np.array(cell_angstrom, "<f4").tobytes()
    (tmp_path / "growing.mrc").write_bytes(changed)
    assert open_growing(tmp_path / "growing.mrc").pixel_size_nm is None
