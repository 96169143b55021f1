"""Intervals for every pixel: the promised share inside, everywhere, on fields that were not seen."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from rapidstem.denoising import (
    ComparedField,
    RecordedReference,
    calibrated_intervals,
    compared_field,
    compared_fields,
    frames_to_compare,
    read_intervals,
    write_intervals,
)
from rapidstem.denoising.fields import TrainingField
from rapidstem.distortion import ColumnMap
from rapidstem.errors import InputError
from rapidstem.scores import score_intervals
from rapidstem.scores.frame_references import PlacedReference

SIDE = 96


def field(seed: int, level: float = 400.0, factor: float = 1.0) -> ComparedField:
    """An answer with structure, and a reference that is off as counting noise and a place off by most of a pixel are."""
    rng = np.random.default_rng(seed)
    answer = level + 0.3 * level * ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), 3) * 6
    moved = ndimage.shift(answer, rng.normal(0, 0.8, 2), order=1, mode="nearest")
    return ComparedField(f"field-{seed}", [answer], [moved + factor * rng.normal(0, np.sqrt(4 * np.maximum(answer, 1)))])


def inside(intervals, compared):
    """Where the reference lies within the interval."""
    return np.abs(compared.references[0] - compared.answers[0]) <= intervals.half_width(compared.answers[0])


@pytest.fixture(scope="module")
def intervals():
    levels = np.geomspace(200, 2000, 12)
    return calibrated_intervals("slow", [field(n, level) for n, level in enumerate(levels)], [field(100 + n) for n in range(12)])


def test_nine_tenths_are_inside_on_fields_that_were_not_seen(intervals) -> None:
    shares = [inside(intervals, field(seed)).mean() for seed in range(200, 220)]
    assert np.mean(shares) == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize("level", [250.0, 1600.0])
def test_nine_tenths_are_inside_at_other_brightnesses(intervals, level: float) -> None:
    shares = [inside(intervals, field(seed, level)).mean() for seed in range(300, 310)]
    assert np.mean(shares) == pytest.approx(0.9, abs=0.02)


def test_steep_places_have_wider_intervals_and_are_covered(intervals) -> None:
    for seed in range(400, 405):
        compared = field(seed, 1600.0)
        steep = ndimage.gaussian_gradient_magnitude(compared.answers[0], 1.0)
        steepest = steep > np.percentile(steep, 90)
        width = intervals.half_width(compared.answers[0])
        assert width[steepest].mean() > 1.2 * width[~steepest].mean()
        assert inside(intervals, compared)[steepest].mean() > 0.8


def test_every_calibration_field_counts_alike_however_large_it_is() -> None:
    learnt = [field(seed) for seed in range(8)]
    quiet, loud = field(10), field(11, factor=4.0)
    many_quiet = ComparedField("many", quiet.answers * 9, quiet.references * 9)
    once, repeated = (calibrated_intervals("slow", learnt, [each, loud]).spreads for each in (quiet, many_quiet))
    assert repeated == pytest.approx(once, rel=1e-6)


def test_without_a_field_to_calibrate_on_nothing_is_stated(tmp_path: Path) -> None:
    nothing = calibrated_intervals("slow", [field(0)], [])
    assert np.isnan(nothing.half_width(field(1).answers[0])).all()
    write_intervals(tmp_path / "intervals.json", nothing)
    assert read_intervals(tmp_path / "intervals.json") == nothing and "NaN" not in (tmp_path / "intervals.json").read_text()


def test_no_interval_is_empty_where_the_answer_is_dark_and_even() -> None:
    """Residuals that grow with the brightness alone, of which a dark place would have none."""
    answer = np.tile(np.linspace(100, 1000, SIDE), (SIDE, 1))
    noise = np.random.default_rng(1).normal(size=(SIDE, SIDE)) * np.sqrt(answer)
    stated = calibrated_intervals(
        "slow", [ComparedField("a", [answer], [answer + noise])], [ComparedField("b", [answer], [answer + noise])]
    )
    assert stated.half_width(np.zeros((SIDE, SIDE))).min() > 1
    assert stated.half_width(np.full((SIDE, SIDE), -300.0)).min() > 1


def test_of_eleven_pixels_that_an_interval_is_calibrated_on_ten_are_inside() -> None:
    even, noise = np.full((SIDE, SIDE), 100.0), np.random.default_rng(2).normal(0, 3, (SIDE, SIDE))
    few = even[:1, :11]
    learnt, unseen = (
        ComparedField("a", [even], [even + noise]),
        ComparedField("b", [few], [few + np.array([[3, -1, 2, -11, 4, 5, -6, 8, -7, 10, 9]])]),
    )
    stated = calibrated_intervals("dcfi", [learnt], [unseen])
    np.testing.assert_allclose(stated.half_width(even), 10, rtol=1e-6)
    assert (stated.reference, stated.coverage, stated.learnt_on, stated.calibrated_on) == ("dcfi", 0.9, ("a",), ("b",))


def test_intervals_are_read_as_they_were_written(intervals, tmp_path: Path) -> None:
    write_intervals(tmp_path / "intervals.json", intervals)
    assert read_intervals(tmp_path / "intervals.json") == intervals
    assert [path.name for path in tmp_path.iterdir()] == ["intervals.json"]
    (tmp_path / "intervals.json").write_text("{}")
    with pytest.raises(InputError, match="calibrate the denoiser again"):
        read_intervals(tmp_path / "intervals.json")


class SteadyReferences:
    """A field whose slow image lies where its frames do."""

    def __init__(self, slow: np.ndarray) -> None:
        self.slow = slow

    def recorded(self) -> dict[str, PlacedReference]:
        rows, columns = (slice(4, side - 4) for side in self.slow.shape)
        return {"slow": PlacedReference(self.slow, np.zeros(2), (rows, columns))}

    def corrected_shift(self, shift_px: np.ndarray) -> np.ndarray:
        return shift_px


def test_scores_say_how_many_pixels_of_the_own_reference_are_inside(intervals) -> None:
    compared = field(500)
    references = SteadyReferences(compared.references[0])
    scores = score_intervals({"net": intervals}, {"net": np.stack(compared.answers)}, references, np.zeros((1, 2)))
    expected = 100 * inside(intervals, compared)[4:-4, 4:-4].mean()
    assert scores.loc[0, "inside_percent"] == pytest.approx(expected, abs=0.5)
    assert scores.loc[0, "reference"] == "slow" and scores.loc[0, "stated_percent"] == 90


def test_where_nothing_is_stated_no_share_is_inside_or_outside() -> None:
    compared = field(500)
    nothing = calibrated_intervals("slow", [field(0)], [])
    scores = score_intervals(
        {"net": nothing}, {"net": np.stack(compared.answers)}, SteadyReferences(compared.references[0]), np.zeros((1, 2))
    )
    assert scores[["inside_percent", "mean_half_width"]].isna().all(axis=None)


@pytest.mark.parametrize("shift_px", [(0.0, 0.0), (0.5, -0.5)])
def test_noise_of_a_reference_is_that_of_its_own_pixels_wherever_the_frame_lies(shift_px: tuple[float, float]) -> None:
    """A reference that is moved to a frame by half a pixel loses half of its noise, and the interval would be too narrow for the others."""
    rng = np.random.default_rng(7)
    noisy = rng.normal(0, 30, (SIDE, SIDE))
    place = PlacedReference(noisy, np.array([-2.3, 1.4]), (slice(8, SIDE - 8), slice(8, SIDE - 8)))
    answer, image = place.beside(np.full((SIDE, SIDE), 500.0), np.array(shift_px))
    assert np.allclose(answer, 500.0) and image.shape == answer.shape
    assert np.std(image) == pytest.approx(np.std(noisy), rel=0.02)
    ramp = np.add.outer(3.0 * np.arange(SIDE), np.arange(SIDE))
    shown = PlacedReference(np.add.outer(3.0 * np.arange(SIDE), np.arange(SIDE)), np.array([-2.3, 1.4]), place.area)
    moved, reference = shown.beside(ramp, np.array(shift_px))
    assert np.allclose(moved - reference, 3 * (shift_px[0] - 2.3) + shift_px[1] + 1.4)


def test_answers_are_moved_to_the_recorded_pixels_of_a_slow_image() -> None:
    """The slow image's row r lies at row r - dy of the frame at rest, and at the frame's shift beyond it."""
    columns = np.arange(SIDE, dtype=float)
    stretched = ColumnMap(columns, 1.01 * columns)
    image = np.zeros((SIDE, SIDE))
    reference = RecordedReference.of_slow_image(image, np.array([1.5, -2.0]), stretched)
    assert reference.row_px[:2] == pytest.approx([-1.5, -0.5])
    assert reference.column_px[10] == pytest.approx(12.0 / 1.01)
    mean = RecordedReference.of_mean(np.zeros((3, 4)))
    assert (mean.row_px.tolist(), mean.column_px.tolist()) == ([0, 1, 2], [0, 1, 2, 3])


def test_answers_show_at_each_pixel_of_the_slow_image_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A specimen that is a function of its place, stretched along x in rapid frames, at two shifts; the filter gives it back as it is."""

    def specimen(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        return 500 + 40 * np.sin(row / 9)[:, None] + 30 * np.cos(column / 7) + 0.5 * np.outer(row, column) / SIDE

    pixels = np.arange(SIDE, dtype=float)
    stretched, shifts, slow_shift = (
        ColumnMap(pixels, 1.02 * pixels),
        np.array([[0.4, -0.7], [5.0, 4.0], [-3.25, 2.5]]),
        np.array([1.6, -2.3]),
    )
    frames = np.stack([specimen(pixels - dy, stretched.to_slow(pixels - dx)) for dy, dx in shifts])
    slow = specimen(pixels - slow_shift[0], pixels - slow_shift[1])
    field = TrainingField("field", frames, frames[0], shifts, slice(6, SIDE - 6), slice(6, SIDE - 6))
    monkeypatch.setattr(compared_fields, "denoise_stack", lambda model, given: given)
    found = compared_field(None, field, RecordedReference.of_slow_image(slow, slow_shift, stretched), 2)
    assert len(found.answers) == 2
    for answer, reference in zip(found.answers, found.references, strict=True):
        assert min(answer.shape) > 0.8 * SIDE
        assert np.abs(answer - reference)[4:-4, 4:-4].max() < 0.05


def test_many_fields_are_compared_by_fewer_frames_of_each() -> None:
    few = frames_to_compare([f"t{n}" for n in range(16)], [f"v{n}" for n in range(4)])
    assert list(few.values()) == [1] * 16 + [8] * 4
    many = frames_to_compare([f"t{n}" for n in range(140)], [f"v{n}" for n in range(35)])
    assert sum(name.startswith("t") for name in many) == 24 and {"t0", "t139"} < set(many)
    assert [many[f"v{n}"] for n in range(35)] == [1] * 35
    assert set(frames_to_compare(["t"], [f"v{n}" for n in range(100)]).values()) == {1}
    assert frames_to_compare(["t"], []) == {"t": 1}
