"""What is said of raw frames before anything is made of them."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage

from rapidstem.figures.thumbnails import GAP_PX, SIDE_PX, write_thumbnails
from rapidstem.frames.first_look import look_at_frames
from rapidstem.frames.frame_noise import noise_of_frames, row_power_ratio
from rapidstem.grades import DOUBTFUL, GOOD, UNUSABLE
from rapidstem.microscope.recording.detector import rapid_counts
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.report.look_page import SHOWN, look_sentence, write_look

SETTINGS = MicroscopeSettings(size_px=192, streak_strength=0.01, row_offset_strength=0.01)


def image(size: int = 192) -> np.ndarray:
    """Dark lines at several angles on a bright ground, fading from the left to the right."""
    y, x = np.mgrid[:size, :size].astype(float)
    lines = sum(np.exp(-((x * np.cos(a) + y * np.sin(a) - p) ** 2) / 8) for a, p in ((0.2, 60), (0.9, 130), (2.1, -20), (1.4, 90)))
    return (1 - 0.5 * np.clip(lines, 0, 1)) * np.linspace(1.0, 0.6, size)


def frames(count: int = 8, settings: MicroscopeSettings = SETTINGS, clean: np.ndarray | None = None) -> np.ndarray:
    random = np.random.default_rng(2)
    return np.stack([rapid_counts(image() if clean is None else clean, settings, random) for _ in range(count)])


@pytest.mark.parametrize("dose", [5.0, 20.0, 60.0])
@pytest.mark.parametrize("lag", [0.0, 0.5])
def test_electrons_are_told_from_the_noise_alone(dose: float, lag: float) -> None:
    """Gain, offset and lag of the detector are not known."""
    settings = replace(SETTINGS, electrons_per_px=dose, lag_decay=(lag,), lag_weight=(1.0,))
    found = noise_of_frames(frames(12, settings))
    assert found.electrons_per_px == pytest.approx(dose * image().mean(), rel=0.5)
    assert found.lag_px == pytest.approx((1 + lag) / (1 - lag), rel=0.15)


def test_electrons_of_a_detector_that_is_not_linear_are_too_many_and_the_page_says_so(tmp_path: Path) -> None:
    electrons = np.random.default_rng(3).poisson(20 * image(), (12, 192, 192))
    linear, bent = (noise_of_frames((7200 + 8000 * (electrons / 20) ** power).astype(np.float32)) for power in (1.0, 0.86))
    assert linear.electrons_per_px == pytest.approx(20 * image().mean(), rel=0.2)
    assert 1.5 < bent.electrons_per_px / (20 * image().mean()) < 5
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    row = dict.fromkeys(SHOWN, math.nan) | {"acquisition": "a", "kind": "test", "verdict": GOOD, "reasons": ""}
    write_look(tmp_path / "look.html", "mine", pd.DataFrame([row]), {"a": tmp_path / "a.png"})
    assert "for a linear detector" in (tmp_path / "look.html").read_text()


def test_electrons_that_are_counted_need_no_estimate() -> None:
    counted = np.random.default_rng(0).poisson(0.5 * image(), (3, 192, 192)).astype(np.uint8)
    assert noise_of_frames(counted).electrons_per_px == pytest.approx(0.5 * image().mean(), rel=0.05)
    few = np.random.default_rng(0).poisson(np.full((3, 192, 192), 0.05)).astype(np.uint8)
    assert noise_of_frames(few).noise_counts == pytest.approx(np.sqrt(0.05), rel=0.05)


def test_noise_that_does_not_grow_gives_no_number() -> None:
    flat = (5000 + np.random.default_rng(0).normal(0, 300, (4, 192, 192))).astype(np.uint16)
    assert math.isnan(noise_of_frames(flat).electrons_per_px)


def test_offsets_of_rows_are_measured_beside_the_noise() -> None:
    none, strong = (noise_of_frames(frames(8, replace(SETTINGS, row_offset_strength=s))).row_offset_share for s in (0.0, 0.1))
    assert strong > 3 * none


@pytest.mark.parametrize("gain", [1.0, 40.0])
def test_offsets_of_rows_are_a_share_of_the_noise_and_streaks_along_a_row_are_no_lag(gain: float) -> None:
    random, shape = np.random.default_rng(5), (6, 256, 384)
    noise = random.normal(0, 20, shape)
    offsets = random.normal(0, 5, (*shape[:2], 1))
    found = noise_of_frames((gain * (1000 + noise + offsets)).astype(np.float32))
    assert (found.row_offset_share, found.noise_counts) == pytest.approx((0.25, 20 * gain), rel=0.1)
    streaks = 9 * np.sin(2 * np.pi * (np.arange(384) / 400 + random.uniform(size=(*shape[:2], 1))))
    assert noise_of_frames((1000 + noise + streaks).astype(np.float32)).lag_px == pytest.approx(1, abs=0.15)


def test_only_noise_that_rows_share_lowers_the_power_of_the_finest_structure_along_y() -> None:
    row, column = np.arange(128)[:, None], np.arange(960)
    noise = np.random.default_rng(1).normal(size=(4, 128, 960))
    lagged = noise + np.roll(noise, 1, axis=2)
    offsets, slopes = 20 * np.cos(2 * np.pi * 0.45 * row), np.where(column < 480, 0.3 * row, -0.3 * row)
    assert row_power_ratio(lagged + offsets + slopes) == pytest.approx(1, abs=0.05)
    fine, coarser = (np.mean(np.cos(np.pi * np.arange(*band) / 128) ** 2) for band in ((51, 63), (32, 45)))
    assert row_power_ratio(lagged + np.roll(lagged, 1, axis=1)) == pytest.approx(fine / coarser, rel=0.05)


def test_good_frames_are_good() -> None:
    look = look_at_frames(frames())
    assert (look.verdict, look.reasons) == (GOOD, ())
    assert look.numbers.drift_px_per_frame < 0.5
    assert look.numbers.contrast_to_noise > 0.3


def test_torn_and_repeated_frames_are_doubtful() -> None:
    stack = frames(10)
    stack[2, 96:], stack[7] = stack[3, 96:], stack[6]
    look = look_at_frames(stack)
    assert look.verdict == DOUBTFUL
    assert "2 frames: is torn, or its neighbour is (2, 3)" in look.reasons[0]
    assert "1 frame: repeats an earlier frame (7)" in look.reasons[0]


def test_blurred_frames_have_less_detail() -> None:
    sharp, blurred = (look_at_frames(frames(clean=ndimage.gaussian_filter(image(), sigma))).numbers.detail_px for sigma in (0, 5))
    assert blurred > 1.3 * sharp


@pytest.mark.parametrize(
    ("change", "verdict", "reason"),
    [
        ({"electrons_per_px": 2.0}, DOUBTFUL, "electrons a pixel"),
        ({"saturation_intensity": 0.9}, DOUBTFUL, "of the pixels are saturated; lower gain or dose"),
    ],
)
def test_doubts_are_named(change: dict, verdict: str, reason: str) -> None:
    look = look_at_frames(frames(settings=replace(SETTINGS, **change)))
    assert look.verdict == verdict
    assert reason in "; ".join(look.reasons)


def test_a_few_more_electrons_than_were_tested_are_enough() -> None:
    look = look_at_frames(frames(settings=replace(SETTINGS, electrons_per_px=7.0)))
    assert 4 < look.numbers.electrons_per_px < 8 and not any("electrons" in reason for reason in look.reasons)


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_saturation_is_seen_in_every_type_of_pixels(kind: type) -> None:
    clipped = look_at_frames(frames(settings=replace(SETTINGS, saturation_intensity=0.9)).astype(kind))
    assert "of the pixels are saturated" in "; ".join(clipped.reasons)
    assert look_at_frames(frames().astype(kind)).verdict == GOOD


def test_only_the_largest_value_counts_as_saturated() -> None:
    stack = np.minimum(frames(), np.quantile(frames(), 0.97)).astype(np.uint16)
    assert look_at_frames(stack).numbers.saturated_percent == pytest.approx(100 * np.mean(stack == stack.max()))


def test_contrast_and_detail_are_those_of_structure_of_known_height() -> None:
    random = np.random.default_rng(5)
    scene = ndimage.uniform_filter1d(random.normal(0, 900, (256, 256)), 9, axis=0, mode="wrap")
    look = look_at_frames(1e4 + scene + random.normal(0, 300, (8, 256, 256)))
    assert look.numbers.detail_px == pytest.approx(4.5, abs=0.3)
    assert look.numbers.contrast_to_noise == pytest.approx(1, abs=0.05)


def test_faulty_frames_are_counted() -> None:
    some = frames(8)
    some[3] = 7
    look = look_at_frames(some)
    assert look.verdict == DOUBTFUL and "1 frame: is constant" in look.reasons[0]
    some[4:7] = 7
    assert look_at_frames(some).verdict == DOUBTFUL
    some[1:] = 7
    assert look_at_frames(some).verdict == UNUSABLE
    some[0] = 7
    assert look_at_frames(some).verdict == UNUSABLE


def test_frames_of_nothing_are_unusable() -> None:
    look = look_at_frames(frames(clean=np.ones((192, 192))), np.linspace(-70, 70, 71))
    assert look.verdict == UNUSABLE and "nothing but noise is seen" in look.reasons


@pytest.mark.parametrize(("step_px", "drift_px"), [((4, 0), 4), ((3, 4), 5), ((2, 2), 2.83)])
def test_a_moving_stage_is_said(step_px: tuple[int, int], drift_px: float) -> None:
    moving = np.stack([np.roll(frame, number * np.array(step_px), axis=(0, 1)) for number, frame in enumerate(frames())])
    look = look_at_frames(moving)
    assert "px from frame to frame; wait until the stage rests" in "; ".join(look.reasons)
    assert look.numbers.drift_px_per_frame == pytest.approx(drift_px, abs=0.3)


def test_a_drift_of_less_than_a_hundredth_of_the_frame_is_none_to_wait_for() -> None:
    look = look_at_frames(np.stack([np.roll(frame, number, axis=0) for number, frame in enumerate(frames())]))
    assert look.numbers.drift_px_per_frame == pytest.approx(1, abs=0.3) and look.verdict == GOOD


def test_a_short_series_is_doubtful() -> None:
    look = look_at_frames(frames(), np.linspace(-20, 20, 8))
    assert look.verdict == DOUBTFUL
    assert look.reasons == ("8 tilts only", "tilts over 40 degrees only")


@pytest.mark.parametrize(("count", "span_deg", "reasons"), [(35, 90, 0), (34, 90, 1), (35, 89.9, 1)])
def test_half_of_the_thinnest_published_series_is_enough(count: int, span_deg: float, reasons: int) -> None:
    assert len(look_at_frames(frames(), np.linspace(0, span_deg, count) - 45).reasons) == reasons


def test_one_page_shows_all(tmp_path: Path) -> None:
    write_thumbnails(tmp_path / "a.png", [image(), image()[:96]])
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (2 * SIDE_PX + GAP_PX, SIDE_PX)
        assert np.ptp(np.asarray(picture)) > 200
    row = dict.fromkeys(SHOWN, math.nan) | {"acquisition": "a", "kind": "test", "verdict": GOOD, "reasons": ""}
    table = pd.DataFrame([row, row | {"verdict": DOUBTFUL, "reasons": "drift of 9 px <fast>"}])
    write_look(tmp_path / "look.html", "mine", table, {"a": tmp_path / "a.png"})
    page = (tmp_path / "look.html").read_text()
    assert look_sentence(table) == "2 acquisitions: 1 good, 1 doubtful." and look_sentence(table) in page
    assert "drift of 9 px &lt;fast&gt;" in page and page.count("data:image/png;base64,") == 2
