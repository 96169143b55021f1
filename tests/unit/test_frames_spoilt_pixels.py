"""Hot pixels: found whatever the noise, filled in, and nothing else is changed."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from rapidstem.errors import InputError
from rapidstem.frames.frame_checks import checked_blocks, frame_fault
from rapidstem.frames.spoilt_pixels import (
    LEAST_EXCESS,
    LEAST_STEEPNESS,
    FilledFrames,
    filled_frame,
    hot_pixels,
    unmeasured_pixels,
)
from rapidstem.microscope.recording.detector import rapid_counts
from rapidstem.microscope.recording.hot_pixels import add_hot_pixels
from rapidstem.microscope.settings import MicroscopeSettings, settings_from
from rapidstem.numerics import robust_spread
from scripts.reading_support import open_raw, read_raw

SIZE, FRAMES = 96, 12


def _recorded(settings: MicroscopeSettings, seed: int) -> np.ndarray:
    """Frames of a dark line and a slope, moved by a pixel from frame to frame."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(float)
    frames = []
    for frame in range(FRAMES):
        line = 0.5 * np.exp(-((rows - 0.3 * columns - 30 - frame) ** 2) / 4)
        frames.append(rapid_counts((0.9 + 0.2 * columns / SIZE) * (1 - line), settings, rng))
    return np.stack(frames)


@pytest.mark.parametrize("electrons", [3.0, 6.0, 20.0, 200.0])
@pytest.mark.parametrize("lag", [(0.45, 0.85), (0.0, 0.0)])
def test_nothing_is_changed_where_no_pixel_is_hot(electrons: float, lag: tuple[float, float]) -> None:
    frames = _recorded(settings_from({"electrons_per_px": electrons, "lag_decay": lag}), 31)
    filled = FilledFrames.of(frames)
    assert filled[:] is not None and np.array_equal(filled[:], frames)
    assert filled.words() == ""


@pytest.mark.parametrize("electrons", [10.0, 20.0, 200.0])
def test_hot_pixels_of_single_frames_are_found_and_filled(electrons: float) -> None:
    settings = settings_from({"electrons_per_px": electrons, "hot_pixel_share": 5e-4, "hot_pixel_intensity": 4.0})
    clean = _recorded(settings, 32)
    frames = clean.copy()
    hot = add_hot_pixels(frames, settings.rapid_offset, settings.rapid_gain, settings, np.random.default_rng(5))
    assert hot is not None and len(hot) > 40
    filled = FilledFrames.of(frames)
    result = filled[:]
    wrong = np.zeros(frames.shape, bool)
    wrong[tuple(hot.T)] = True
    assert np.mean(result[wrong] != frames[wrong]) > 0.97
    assert np.array_equal(result[~wrong], clean[~wrong])
    noise = np.std(clean[:, :20].astype(float))
    assert np.median(np.abs(result[wrong].astype(float) - clean[wrong])) < 2 * noise
    assert str(int(sum(filled.filled.values()))) in filled.words() and f"{FRAMES} frames" in filled.words()


def test_a_pixel_that_is_always_a_little_hot_stands_out_of_the_median_alone() -> None:
    frames = _recorded(settings_from({}), 33)
    frames[:, 40, 57] += 5000
    assert not any(unmeasured_pixels(frame)[40, 57] for frame in frames)
    filled = FilledFrames.of(frames)
    assert np.argwhere(filled.always_hot).tolist() == [[40, 57]]
    assert filled[3][40, 57] < frames[3, 40, 57]
    assert "1 of them in every frame" in filled.words()
    partly = frames[:9].astype(np.float32)
    partly[4, 40, 57] = np.nan
    assert np.argwhere(FilledFrames.of(partly).always_hot).tolist() == [[40, 57]]
    frames[:, 40, 57] += 4000
    assert FilledFrames.of(frames[:5]).always_hot[40, 57]
    assert not FilledFrames.of(frames[:4]).always_hot.any(), "the median of fewer frames has the noise of one"


def test_hot_neighbours_do_not_hide_each_other() -> None:
    frame = _recorded(settings_from({}), 34)[0]
    frame[20, 20] = frame[20, 21] = frame[50, 0] = 60000
    assert np.argwhere(hot_pixels(frame)).tolist() == [[20, 20], [20, 21], [50, 0]]


@pytest.mark.parametrize("shape", [(3, 40), (31, 5), (40, 44)])
def test_hot_pixels_are_those_above_their_neighbours_also_at_the_rim(shape: tuple[int, int]) -> None:
    image = np.exp(np.random.default_rng(8).normal(0, 1.5, shape)).astype(np.float32)
    image[0, 0] = image[-1, 3] = image[1, -1] = 500.0
    noise = robust_spread(np.diff(image, axis=0)) / np.sqrt(2)

    def is_hot(row: int, column: int) -> bool:
        near, wide = (
            np.sort([image[y, x] for y, x in np.ndindex(shape) if 0 < max(abs(y - row), abs(x - column)) <= reach]) for reach in (1, 2)
        )
        excess = image[row, column] - near[-2]
        return excess > LEAST_EXCESS * noise and excess > LEAST_STEEPNESS * (wide[-2] - wide[1])

    hot = hot_pixels(image)
    assert hot[0, 0] and hot[-1, 3] and hot[1, -1]
    assert np.argwhere(hot).tolist() == [list(place) for place in np.ndindex(shape) if is_hot(*place)]


def test_spots_as_sharp_as_the_probe_and_edges_are_no_hot_pixels() -> None:
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(float)
    spot = 0.8 * np.exp(-((rows - 30) ** 2 + (columns - 41) ** 2) / (2 * 1.1**2))
    image = 1 + spot + (columns > 70) * 2 + np.random.default_rng(3).normal(0, 0.01, (SIZE, SIZE))
    assert not hot_pixels(image).any()


def test_noise_that_is_stronger_on_a_bright_object_is_not_hot() -> None:
    rng = np.random.default_rng(4)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    object_there = (rows - 48) ** 2 + (columns - 48) ** 2 < 30**2
    assert not hot_pixels(np.where(object_there, rng.normal(1000, 200, rows.shape), rng.normal(0, 1, rows.shape))).any()


def test_saturated_areas_and_counted_electrons_stay() -> None:
    frame = _recorded(settings_from({}), 35)[0]
    frame[10:30, 10:30] = 65535
    assert not unmeasured_pixels(frame)[5:35, 5:35].any()
    counted = np.random.default_rng(6).poisson(0.2, (SIZE, SIZE)).astype(np.uint16)
    assert not unmeasured_pixels(counted).any()


def test_filling_keeps_the_type_and_what_has_no_neighbours() -> None:
    frame = np.arange(25, dtype=np.uint16).reshape(5, 5)
    marks = np.zeros((5, 5), bool)
    marks[2, 2] = True
    assert filled_frame(frame, marks)[2, 2] == 12 and filled_frame(frame, marks).dtype == np.uint16
    assert filled_frame(frame + 1 + (frame > 12), marks)[2, 2] == 14, "the median, 13.5, is rounded and not cut"
    assert np.array_equal(filled_frame(frame, np.ones((5, 5), bool)), frame)


def test_single_frames_slices_and_lists_are_read_alike() -> None:
    frames = _recorded(settings_from({}), 36)
    frames[4, 33, 44] = 65535
    filled = FilledFrames.of(frames)
    assert filled[4].shape == frames[4].shape and len(filled) == FRAMES and filled.dtype == filled[3:6].dtype == frames.dtype
    assert np.array_equal(filled[3:6], filled[[3, 4, 5]]) and filled[-8][33, 44] == filled[4][33, 44] < 65535


def test_frames_in_which_pixels_were_filled_in_are_counted() -> None:
    frames = _recorded(settings_from({"electrons_per_px": 20.0}), 41).astype(np.float32)
    frames[[2, 7], 30, 30] = 1e6
    frames[5, 40, 41] = np.nan
    filled = FilledFrames.of(frames)
    assert np.isfinite(filled[:]).all()
    assert "2 hot pixels filled in from their neighbours in 2 frames" in filled.words()
    assert "1 pixel without a value filled in with the level beside them in 1 frame" in filled.words()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_pixel_without_a_value_is_filled_in_and_costs_no_hot_pixel(value: float) -> None:
    frames = _recorded(settings_from({"electrons_per_px": 20.0}), 38).astype(np.float32)
    frames[3, 60, 61] = 1e6
    expected = FilledFrames.of(frames)[:]
    spoilt = frames.copy()
    spoilt[3, 20, 21] = value
    filled = FilledFrames.of(spoilt)
    result = filled[:]
    assert np.isfinite(result).all() and result[3, 60, 61] < 1e5
    changed = result != expected
    assert changed.sum() <= 1 and abs(result[3, 20, 21] - expected[3, 20, 21]) < 5 * expected[3, :20].std()
    assert "1 pixel without a value filled in" in filled.words()


def test_empty_borders_of_aligned_frames_are_filled_with_their_level() -> None:
    frames = _recorded(settings_from({"electrons_per_px": 20.0}), 39).astype(np.float32)
    aligned = frames.copy()
    aligned[4, :4], aligned[5, :, -5:] = np.nan, np.nan
    result = FilledFrames.of(aligned)[:]
    seen = np.isfinite(aligned)
    assert np.isfinite(result).all() and np.array_equal(result[seen], FilledFrames.of(frames)[:][seen])
    for number, border in ((4, np.s_[:3]), (5, np.s_[:, -4:])):
        assert abs(result[number][border].mean() / frames[number][border].mean() - 1) < 0.1
        assert result[number][border].std() < 0.5 * frames[number][border].std()


def test_a_frame_without_many_values_stays_as_it_is() -> None:
    frames = _recorded(settings_from({}), 40).astype(np.float32)
    frames[2, : SIZE // 5], frames[7] = np.nan, np.nan
    result = FilledFrames.of(frames)[:]
    assert np.array_equal(result[[2, 7]], frames[[2, 7]], equal_nan=True)
    assert frame_fault(result[2]) == frame_fault(result[7]) == "holds values that are no numbers"
    assert np.isfinite(np.delete(result, [2, 7], axis=0)).all()


def test_frames_of_a_series_without_values_are_named_with_their_numbers() -> None:
    blocks = [np.ones((4, 8, 8), np.float32) for _ in range(3)]
    blocks[2][1, 0, 0] = np.nan
    with pytest.raises(InputError, match=r"1 frame: holds values that are no numbers \(9\); take these frames"):
        list(checked_blocks(blocks))


def test_every_script_reads_filled_frames_and_says_how_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = _recorded(settings_from({}), 37)
    frames[2, 30, 31] = 65535
    tifffile.imwrite(tmp_path / "field.tif", frames, photometric="minisblack")
    reading = {"session": {"detector": "BF", "pixel_size_nm": 2.0}, "rows": {}}
    read = read_raw(str(tmp_path / "field.tif"), reading).frames
    assert read[2, 30, 31] < 65535 and np.count_nonzero(read != frames) == 1
    with open_raw(str(tmp_path / "field.tif"), reading) as stack:
        assert np.array_equal(stack.frames[1:4], read[1:4]) and stack.frames.shape == frames.shape
    said = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[2] for line in said] == ["1 hot pixel filled in from their neighbours in 1 frame"] * 2
    aligned = frames.astype(np.float32)
    aligned[:, :2] = np.nan
    tifffile.imwrite(tmp_path / "aligned.tif", aligned, photometric="minisblack")
    assert np.isfinite(read_raw(str(tmp_path / "aligned.tif"), reading).frames).all()
    (said,) = capsys.readouterr().out.splitlines()
    assert said.startswith("warning: ") and f"{2 * SIZE * FRAMES} pixels without a value filled in with the level beside them" in said
