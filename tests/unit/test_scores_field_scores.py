"""A filter that gives back the reference scores best, whatever the drift and the distortion of the frame."""

import numpy as np
import pytest
from scipy import ndimage

from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.image_warping import to_rapid_geometry
from rapidstem.distortion.reference_alignment import AlignedReference
from rapidstem.scores.field_scores import IMAGE_COLUMNS, LINE_COLUMNS, score_field
from rapidstem.scores.frame_references import FieldReferences, FrameReference
from rapidstem.scores.image_quality import ImageScale
from rapidstem.scores.image_spectra import SPECTRUM_COLUMNS, spectral_scores

SHAPE = (96, 128)
SLOW_SHIFT = (1.3, -2.1)
DRIFT = np.array([[0.0, 0.0], [2.4, -1.6]])


def specimen(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A smooth background with two dark lines, at places in pixels."""
    distances = (y - 0.6 * x - 8, y + 0.5 * x - 95)
    return 1000 + 2 * y + x - sum(300 * np.exp(-((distance / 1.15) ** 2) / 4.5) for distance in distances)


@pytest.fixture(scope="module")
def column_map() -> ColumnMap:
    rapid = np.arange(SHAPE[1], dtype=float)
    return ColumnMap(rapid, rapid * 1.02 - 4 * np.exp(-rapid / 30) + 1)


@pytest.fixture(scope="module")
def references(column_map: ColumnMap) -> FieldReferences:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    slow = specimen(y - SLOW_SHIFT[0], x - SLOW_SHIFT[1])
    slow_in_rapid = to_rapid_geometry(slow, column_map, SLOW_SHIFT, SHAPE)
    dcfi = specimen(y, np.broadcast_to(column_map.to_slow(np.arange(SHAPE[1])), SHAPE))
    aligned = AlignedReference(slow_in_rapid, np.array(SLOW_SHIFT), 1.0, slice(6, 90), slice(10, 118))
    return FieldReferences(dcfi, aligned, slow, column_map)


def test_references_agree_in_both_geometries(references: FieldReferences) -> None:
    for known in (references.in_rapid_geometry(), references.in_slow_geometry()):
        area = known["slow"].area
        np.testing.assert_allclose(known["slow"].image[area], known["dcfi"].image[area], atol=3)


def test_slow_reference_shows_the_specimen_where_a_corrected_frame_does(references: FieldReferences) -> None:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    known = references.in_slow_geometry()["slow"]
    np.testing.assert_allclose(known.image[known.area], specimen(y, x)[known.area], atol=2)


def test_reference_moves_with_the_specimen_and_loses_what_it_has_not_seen() -> None:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    moved = FrameReference(specimen(y, x), (slice(0, 96), slice(0, 128))).moved((2.4, -1.6))
    assert moved.area == (slice(3, 96), slice(0, 126))
    inner = (slice(8, 88), slice(8, 118))
    np.testing.assert_allclose(moved.image[inner], specimen(y - 2.4, x + 1.6)[inner], atol=2)


def test_a_perfect_filter_beats_a_blurring_one_and_the_raw_frames(references: FieldReferences) -> None:
    rng = np.random.default_rng(1)
    known = references.in_slow_geometry()["slow"]
    perfect = np.stack([known.moved(tuple(shift)).image for shift in references.corrected_shift(DRIFT)])
    blurred = ndimage.gaussian_filter(perfect, (0, 2, 2))
    clean = references.in_rapid_geometry()["slow"]
    frames = np.stack([clean.moved(tuple(shift)).image for shift in DRIFT]) + rng.normal(0, 60, (2, *SHAPE))
    scores = score_field(frames, {"perfect": perfect, "blurred": blurred}, references, DRIFT, ImageScale(4.0, 12.0))
    images, lines = scores.images, scores.lines
    assert list(images.columns) == IMAGE_COLUMNS
    assert list(lines.columns) == LINE_COLUMNS
    assert list(scores.spectra.columns) == SPECTRUM_COLUMNS
    assert set(images.loc[images["denoiser"] == "dcfi", "reference"]) == {"slow"}
    against_slow = images[images["reference"] == "slow"].groupby("denoiser")["psnr_affine_db"].mean()
    assert against_slow["perfect"] > 60
    assert against_slow["perfect"] > against_slow["blurred"] > against_slow["raw"]
    signal = clean.image[clean.area].var()
    left_after_the_fit = signal * 60**2 / (signal + 60**2)
    assert against_slow["raw"] == pytest.approx(10 * np.log10(np.ptp(clean.image[clean.area]) ** 2 / left_after_the_fit), abs=0.3)
    widths = lines[lines["reference"] == "slow"].groupby("denoiser")["relative_width"].mean()
    assert widths["perfect"] == pytest.approx(1, abs=0.02)
    assert widths["blurred"] > 1.5
    assert "raw" not in widths
    reach = spectral_scores(scores.spectra).set_index("denoiser")
    assert reach.loc["perfect", "agreement_x_per_um"] > 100
    assert reach.loc["perfect", "transfer_y_per_um"] > reach.loc["blurred", "transfer_y_per_um"]
    assert reach.loc["perfect", "correlation_per_um"] > reach.loc["raw", "correlation_per_um"]
