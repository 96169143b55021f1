"""Ends of lines beside vacuum: at a rim surfaces, elsewhere and without vacuum as they were."""

import numpy as np
import pytest

from rapidstem.dislocations import LineNetwork, Polyline
from rapidstem.lines.evidence.frame_curvature import curvature_of_frames
from rapidstem.lines.evidence.line_coverage import SeriesEvidence
from rapidstem.lines.rim_ends import with_rims
from rapidstem.lines.rim_lines import without_rims
from rapidstem.tomography import TiltGeometry
from rapidstem.tomography.vacuum import FOIL, RIM, VACUUM

PIXEL_NM, ROWS, COLUMNS = 5.0, 80, 100
ANGLES = np.deg2rad(np.arange(-60, 61, 5))
BOX_NM = np.array([[-250.0, -200.0, -100.0], [250.0, 200.0, 100.0]])


def evidence(used=None):
    geometry = TiltGeometry(ANGLES, np.zeros((len(ANGLES), 2)), PIXEL_NM, ROWS, columns=COLUMNS, used=used)
    return SeriesEvidence(curvature_of_frames(np.ones((len(ANGLES), ROWS, COLUMNS), np.float32), 1.4, 1), None, geometry)


def vacuum_from(x_nm):
    """All that lies beyond x is vacuum in every frame, 20 nm before it its rim."""
    x = np.broadcast_to((np.arange(COLUMNS) - (COLUMNS - 1) / 2) * PIXEL_NM, (len(ANGLES), ROWS, COLUMNS))
    return np.where(x > x_nm, VACUUM, np.where(x > x_nm - 20, RIM, FOIL)).astype(np.uint8)


def ending_at(x_nm, start="border", end="inside"):
    points = np.column_stack([np.linspace(-250.0, x_nm, 30), np.full(30, 30.0), np.full(30, 40.0)])
    return Polyline(points, 0, 1, start, end)


@pytest.mark.parametrize(("x_nm", "kind"), [(99.0, "surface"), (75.0, "surface"), (60.0, "inside"), (-100.0, "inside")])
def test_an_end_within_a_line_width_of_a_rim_is_at_a_surface(x_nm, kind):
    found = with_rims(LineNetwork([ending_at(x_nm)], BOX_NM), vacuum_from(100.0), evidence())
    assert (found.lines[0].start_kind, found.lines[0].end_kind) == ("border", kind)


@pytest.mark.parametrize("kind", ["junction", "border", "loop"])
def test_what_is_known_of_an_end_beside_vacuum_stays(kind):
    found = with_rims(LineNetwork([ending_at(95.0, end=kind)], BOX_NM), vacuum_from(100.0), evidence())
    assert found.lines[0].end_kind == kind


def test_a_line_that_lies_beside_the_foil_by_more_than_half_is_none():
    beside, passing, unseen = (
        np.column_stack([np.linspace(start, stop, 60), np.full(60, 30.0), np.full(60, 40.0)])
        for start, stop in ((0.0, 240.0), (-150.0, 240.0), (900.0, 1200.0))
    )
    found = without_rims([beside, passing, unseen], vacuum_from(100.0), evidence())
    assert len(found) == 2 and found[0] is passing and found[1] is unseen


def test_density_refers_to_the_field_without_vacuum():
    network = LineNetwork([ending_at(95.0)], BOX_NM)
    found = with_rims(network, vacuum_from(100.0), evidence())
    assert found.foil_share == pytest.approx(0.7, abs=0.02)
    assert found.volume_nm3 == pytest.approx(found.foil_share * network.volume_nm3)


def test_vacuum_in_tilted_frames_or_in_two_others_alone_changes_nothing():
    steep = np.abs(ANGLES) > np.deg2rad(15)
    places = np.where((steep | (np.arange(len(ANGLES)) < 13) & (np.abs(ANGLES) < 0.1))[:, None, None], vacuum_from(100.0), FOIL)
    found = with_rims(LineNetwork([ending_at(95.0)], BOX_NM), places, evidence())
    assert found.lines[0].end_kind == "inside" and found.foil_share == 1


def test_frames_that_are_not_used_say_nothing():
    used = np.abs(ANGLES) > np.deg2rad(15)
    places = np.where(used[:, None, None], vacuum_from(100.0), FOIL)
    assert with_rims(LineNetwork([ending_at(95.0)], BOX_NM), places, evidence(used)).lines[0].end_kind == "surface"


def test_lines_of_a_foil_without_vacuum_are_the_same_to_the_bit():
    network = LineNetwork([ending_at(95.0)], BOX_NM)
    assert with_rims(network, np.full((len(ANGLES), ROWS, COLUMNS), FOIL, np.uint8), evidence()) is network
    assert network.volume_nm3 == float(np.prod(BOX_NM[1] - BOX_NM[0]))
