"""Faults of the foil: where they appear when it is tilted, and what is bright or dark."""

from dataclasses import replace

import numpy as np
import pytest

from rapidstem.microscope.contrast.contrast_table import PROFILE_SAMPLES, VertexContrast
from rapidstem.microscope.contrast.line_drawing import drawn_lines
from rapidstem.microscope.recording.goniometer import resting_stage
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.bend_contours import BendContours, draw_contours
from rapidstem.microscope.specimen.crystal import specimen_axes
from rapidstem.microscope.specimen.foil_background import FoilBackground
from rapidstem.microscope.specimen.foil_bending import FoilBending
from rapidstem.microscope.specimen.foil_faults import NO_FAULTS, FoilFaults, draw_faults
from rapidstem.microscope.specimen.foil_shape import FAR_NM, FoilShape, draw_shape
from rapidstem.microscope.specimen.foreign_bodies import ForeignBodies, draw_bodies
from rapidstem.microscope.specimen.line_cutting import cut_lines
from rapidstem.microscope.specimen.line_networks import DislocationLine
from rapidstem.microscope.specimen.line_strengths import with_strengths
from rapidstem.microscope.specimen.slip_bands import band_lines
from rapidstem.microscope.specimen.specimens import FoilSpecimen, FrameGeometry
from rapidstem.microscope.truth import AcquisitionTruth, StackTruth

SETTINGS = MicroscopeSettings(size_px=128, pixel_size_nm=5.0)
MIDDLE = 63.5
HALF_BOX_NM = np.array((500.0, 900.0, 150.0))
PLATE = FoilShape(300.0, wedge_per_nm=np.zeros(2), steps=np.zeros((0, 3)), hole=np.zeros(5), edge=np.array((0.0, FAR_NM)), taper_nm=40.0)


def _foil(faults: FoilFaults) -> FoilSpecimen:
    nothing = FoilBackground(np.zeros((1, 2)), np.zeros(1), np.zeros(1))
    contrast = VertexContrast(np.zeros(1), np.zeros((1, 0, PROFILE_SAMPLES), np.float32))
    return FoilSpecimen(SETTINGS, [], drawn_lines([], 300.0), nothing, contrast, faults)


def _image(faults: FoilFaults, tilt_deg: float, shift_px: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    grid = np.arange(128.0)
    return _foil(faults).image(FrameGeometry(resting_stage(tilt_deg), 0.0, 0.0, np.array(shift_px), grid, grid))


def _body(x: float, y: float, z: float, radius: float = 25.0, height: float = 25.0) -> ForeignBodies:
    return ForeignBodies(np.zeros(1, int), np.array([(x, y, z)]), np.array([radius]), np.array([height]), np.array([0.7]))


def _dark_centre(image: np.ndarray) -> np.ndarray:
    """Row and column of the centre of what is darker than the rest."""
    dark = np.clip(np.median(image) - image, 0, None)
    row, column = np.indices(image.shape)
    return np.array(((row * dark).sum(), (column * dark).sum())) / dark.sum()


@pytest.mark.parametrize("tilt", [-50.0, 0.0, 35.0])
@pytest.mark.parametrize("z", [150.0, -150.0, 40.0])
def test_a_body_moves_with_the_tilt_as_the_point_of_its_depth(tilt: float, z: float) -> None:
    row, column = _dark_centre(_image(FoilFaults(bodies=_body(80.0, -60.0, z)), tilt, (3.0, -2.0)))
    angle = np.deg2rad(tilt)
    assert row == pytest.approx(MIDDLE + (-60.0 * np.cos(angle) + z * np.sin(angle)) / 5 + 3, abs=0.1)
    assert column == pytest.approx(MIDDLE + 80.0 / 5 - 2, abs=0.1)


def test_a_sphere_looks_alike_at_every_tilt_and_a_flat_lens_becomes_narrow_and_dark() -> None:
    def depth_and_height(body: ForeignBodies, tilt: float) -> tuple[float, float]:
        image = _image(FoilFaults(bodies=body), tilt)
        loss = -np.log(image / np.median(image))
        rows = loss.sum(axis=1) > 0.05 * loss.sum(axis=1).max()
        return float(loss.max()), float(rows.sum())

    sphere, lens = _body(0, 0, 0, 60.0, 60.0), _body(0, 0, 0, 100.0, 12.0)
    assert depth_and_height(sphere, 60.0) == pytest.approx(depth_and_height(sphere, 0.0), rel=0.05)
    flat, tilted = depth_and_height(lens, 0.0), depth_and_height(lens, 60.0)
    assert flat[0] == pytest.approx(0.7, rel=0.03)
    assert tilted[0] > 1.8 * flat[0]
    assert tilted[1] < 0.65 * flat[1]


def test_a_bend_contour_moves_as_no_point_of_the_foil_can() -> None:
    speed = 80.0
    band = BendContours(*np.array([[np.pi / 2], [40.0], [np.rad2deg(speed)], [0.0], [100.0], [0.5]]))
    rows = []
    for tilt in (-2.0, 0.0, 2.0):
        profile = _image(FoilFaults(contours=band), tilt).mean(axis=1)
        rows.append(np.argmin(profile))
        expected = MIDDLE + (40.0 + speed * tilt) * np.cos(np.deg2rad(tilt)) / 5
        assert rows[-1] == pytest.approx(expected, abs=1)
        assert profile.min() == pytest.approx(0.5 * np.exp(-300 / 850 * (1 / np.cos(np.deg2rad(tilt)) - 1)), rel=0.02)
    farthest_point_px = 150.0 * np.sin(np.deg2rad(2.0)) / 5
    assert rows[2] - rows[1] > 10 * farthest_point_px


def test_as_many_bands_are_in_view_as_the_settings_say_at_any_tilt_and_cross() -> None:
    bands = draw_contours(replace(SETTINGS, bend_contours=2), np.random.default_rng(3))
    assert bands is not None
    in_view = [
        (np.abs(bands.offset_nm + bands.speed_nm_per_rad * tilt) < SETTINGS.field_nm / 2).sum() for tilt in np.deg2rad(np.arange(-70, 71))
    ]
    assert np.mean(in_view) == pytest.approx(2, abs=0.4)
    assert np.ptp(np.round(np.rad2deg(bands.direction_rad) % 180)) > 30


def test_the_thicker_side_of_a_wedge_is_darker() -> None:
    image = _image(FoilFaults(shape=replace(PLATE, wedge_per_nm=np.array((0.18 / 640, 0.0)))), 0.0)
    assert image[:, -1].mean() == pytest.approx(np.exp(-0.09 * 300 / 850), rel=0.005)
    assert image[:, 0].mean() == pytest.approx(np.exp(0.09 * 300 / 850), rel=0.005)
    assert np.ptp(image, axis=0).max() < 1e-9


@pytest.mark.parametrize("tilt", [-40.0, 0.0, 40.0])
def test_a_step_lies_on_the_upper_surface(tilt: float) -> None:
    image = _image(FoilFaults(shape=replace(PLATE, steps=np.array([(np.pi / 2, 30.0, 20.0)]))), tilt)
    profile = image[:, 20]
    angle = np.deg2rad(tilt)
    edge = MIDDLE + (30.0 * np.cos(angle) + 150.0 * np.sin(angle)) / 5
    halfway = (profile[:5].mean() + profile[-5:].mean()) / 2
    assert profile[0] > profile[-1]
    assert np.argmax(profile < halfway) == pytest.approx(edge, abs=2)


def test_a_hole_is_bright_where_the_beam_passes_it_and_closed_by_the_foil_at_high_tilt() -> None:
    hole = FoilFaults(shape=replace(PLATE, hole=np.array((100.0, -60.0, 80.0, 0.0, 0.0))))
    image = _image(hole, 0.0)
    vacuum = np.exp(300 / 850)
    assert image[round(MIDDLE - 60 / 5), round(MIDDLE + 100 / 5)] == pytest.approx(vacuum, rel=1e-6)
    assert image[round(MIDDLE + 60 / 5), round(MIDDLE - 100 / 5)] == pytest.approx(1, rel=1e-6)
    assert _image(hole, 70.0).max() < vacuum - 0.2


def test_beyond_an_edge_there_is_vacuum_and_its_share_is_that_of_the_settings() -> None:
    shape = draw_shape(replace(SETTINGS, foil_edge_share=0.25), np.random.default_rng(0))
    image = _image(FoilFaults(shape=shape), 0.0)
    vacuum = image > np.exp(300 / 850) - 1e-6
    assert vacuum.mean() == pytest.approx(0.25, abs=0.01)
    assert vacuum[-1].all()
    assert not vacuum[:64].any()


def test_dirt_and_lines_end_where_the_foil_does() -> None:
    settings = replace(SETTINGS, particles_per_um2=60.0, precipitates_per_um2=60.0)
    shape = replace(PLATE, hole=np.array((0.0, 0.0, 200.0, 0.3, 0.1)), wedge_per_nm=np.array((2e-4, 0.0)))
    bodies = draw_bodies(settings, HALF_BOX_NM, shape, np.random.default_rng(0))
    assert bodies is not None
    assert np.hypot(*bodies.centre_nm[:, :2].T).min() > 150
    lower, upper = shape.surfaces_nm(*bodies.centre_nm[:, :2].T)
    height = bodies.centre_nm[:, 2]
    np.testing.assert_allclose(np.where(height > 0, height - upper, height - lower)[bodies.kind == 0], 0, atol=1e-9)
    assert (np.abs(height) < upper)[bodies.kind == 2].all()
    along = DislocationLine(np.array([(x, 10.0, 0.2 * x) for x in np.arange(-400.0, 401.0, 8.0)]), np.array((0.5, 0.5, 0)), np.zeros(3))
    pieces = cut_lines([along], shape)
    assert len(pieces) == 2
    for piece in pieces:
        assert shape.inside(piece.points_nm).all()
        on_rim = np.min(np.hypot(*piece.points_nm[:, :2].T))
        assert 150 < on_rim < 260


def test_contrast_of_faint_lines_is_weaker_and_that_of_others_the_same() -> None:
    points = np.array([(x, 0.0, 0.0) for x in range(5)])
    seen, unseen = (DislocationLine(points, np.array(burgers), np.zeros(3)) for burgers in ((0.5, 0.5, 0), (0, 0.5, 0.5)))
    lines = [seen, unseen] * 200
    assert with_strengths(lines, SETTINGS, np.random.default_rng(0)) is lines
    assert drawn_lines(lines, 300.0).line.max() == 398
    faint = with_strengths(lines, replace(SETTINGS, faint_line_share=0.25, residual_contrast=1.0), np.random.default_rng(0))
    strength = np.array([line.strength for line in faint])
    assert set(strength) == {0.5, 1.0}
    assert (strength == 0.5).mean() == pytest.approx(0.25, abs=0.06)
    assert [line.visible for line in faint[:2]] == [True, False]
    drawn = drawn_lines(faint, 300.0)
    np.testing.assert_array_equal(drawn.fade, np.repeat(strength, 5))


def test_true_lines_are_those_with_contrast_where_they_lie_when_their_series_is_recorded() -> None:
    points = np.array([(100.0 * x, 0.0, 20.0) for x in range(-2, 3)])
    seen, unseen = (DislocationLine(points, np.array(burgers), np.zeros(3)) for burgers in ((0.5, 0.5, 0), (0, 0.5, 0.5)))
    residual, gone = replace(unseen, contrast=0.3), replace(seen, contrast=0.0)
    faults = FoilFaults(bending=FoilBending(0.0, 1e-4))
    stack = StackTruth(np.zeros(1), np.zeros((1, 4)), np.zeros((1, 2)))
    places = specimen_axes((0, 1, 3)), stack, stack, np.arange(4.0), np.arange(4.0), None, faults
    series = AcquisitionTruth("a", "tilt_series", 5.0, 300.0, [seen, unseen, residual, gone], *places)
    assert series.contrast_lines() == [seen, residual]
    bent = series.contrast_lines(slow=True)
    assert [line.strength for line in bent] == [1.0, 0.3]
    np.testing.assert_allclose(bent[0].points_nm[:, 2], [24, 21, 20, 21, 24])
    assert replace(series, kind="test").contrast_lines(slow=True) == [seen, residual]


def test_slip_bands_are_dense_slabs_on_two_planes() -> None:
    settings = replace(SETTINGS, slip_bands=2, slip_band_width_nm=150.0)
    lines = band_lines(settings, HALF_BOX_NM, np.random.default_rng(1))
    planes = {tuple(line.plane_normal) for line in lines}
    assert len(planes) == 2
    for plane in planes:
        normal = specimen_axes(settings.foil_normal) @ np.array(plane)
        of_band = [line for line in lines if tuple(line.plane_normal) == plane]
        across = np.concatenate([line.points_nm @ normal for line in of_band])
        assert np.ptp(across) < 150.1
        everywhere = np.random.default_rng(2).uniform(-HALF_BOX_NM, HALF_BOX_NM, (100_000, 3)) @ normal
        volume_nm3 = np.prod(2 * HALF_BOX_NM) * (np.abs(everywhere - across.mean()) < 75).mean()
        assert sum(line.length_nm for line in of_band) / volume_nm3 * 1e18 == pytest.approx(1e14, rel=0.25)
        assert all(line.visible for line in of_band)


def test_a_bent_foil_has_moved_along_z_and_its_contours_lie_elsewhere() -> None:
    bending = FoilBending(np.pi / 2, 1e-4)
    moved = bending.moved(np.array([(100.0, 0.0, 5.0), (0.0, -100.0, 5.0)]))
    np.testing.assert_allclose(moved, [(100, 0, 5), (0, -100, 6)], atol=1e-9)
    settings = replace(SETTINGS, slow_bend_nm=5.0, bend_contours=1, particles_per_um2=5.0)
    before = draw_faults("foil", HALF_BOX_NM, settings)
    after = before.after_bending()
    assert before.bodies is not None and after.bodies is not None and before.contours is not None and after.contours is not None
    raised = (after.bodies.centre_nm - before.bodies.centre_nm)[:, 2]
    assert 0 < np.abs(raised).max() <= 5.0 * (np.hypot(*HALF_BOX_NM[:2]) / 320) ** 2
    assert not np.array_equal(before.contours.offset_nm, after.contours.offset_nm)


def test_without_settings_a_foil_has_no_faults() -> None:
    assert draw_faults("foil", HALF_BOX_NM, MicroscopeSettings()) == NO_FAULTS
    assert band_lines(MicroscopeSettings(), HALF_BOX_NM, np.random.default_rng(0)) == []
