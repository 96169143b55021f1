"""Real networks of discrete dislocation dynamics as specimens."""

import os
from pathlib import Path

import numpy as np
import pytest

from rapidstem.dislocations.line_tracing import trace_lines
from rapidstem.dislocations.polylines import resampled
from rapidstem.errors import InputError
from rapidstem.files.paradis_files import write_paradis
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.line_networks import seen_box_nm
from rapidstem.microscope.specimen.paradis_networks import chains, lines_from_network, read_network
from rapidstem.scores.line_identity import whole_field
from rapidstem.scores.line_recovery import line_detection
from tests.unit.line_phantoms import VOXEL_NM, volume_of


@pytest.fixture(scope="module")
def folder():
    if "RAPIDSTEM_REAL_DATA" not in os.environ:
        pytest.skip("RAPIDSTEM_REAL_DATA is not set: there are no real dislocation networks to read")
    return Path(os.environ["RAPIDSTEM_REAL_DATA"]) / "dislocation_networks"


def test_every_segment_of_the_fcc_network_is_used_once(folder):
    network = read_network(folder / "180chains_16.10e.data")
    assert len(network.position) == 5055
    segments = sum(len(arms) for arms in network.arms.values()) // 2
    assert sum(len(line.points_nm) - 1 for line in chains(network)) == segments


def test_fcc_network_makes_a_foil_of_the_wanted_density(folder):
    settings = MicroscopeSettings()
    box = seen_box_nm(settings, 70)
    lines = lines_from_network(folder / "180chains_16.10e.data", settings, box, np.random.default_rng(0))
    length = sum(line.length_nm for line in lines)
    assert length / np.prod(2 * box) * 1e18 == pytest.approx(settings.dislocation_density_per_m2, rel=0.5)
    assert 0.4 < np.mean([line.visible for line in lines]) < 0.9


def test_bcc_network_is_refused(folder):
    settings = MicroscopeSettings()
    with pytest.raises(InputError, match="fcc"):
        lines_from_network(folder / "bcc_0b.data", settings, seen_box_nm(settings, 0), np.random.default_rng(0))


def test_lines_of_the_network_are_traced_in_a_volume_that_holds_them(folder):
    settings = MicroscopeSettings(foil_thickness_nm=160.0)
    half_nm = np.array((320.0, 260.0, 80.0))
    lines = lines_from_network(folder / "180chains_16.10e.data", settings, half_nm, np.random.default_rng(3))
    known = [resampled(line.points_nm, 1.0) for line in lines]
    network = trace_lines(volume_of(known, noise=0.03, shape=(44, 108, 132)), VOXEL_NM, 160.0)
    names = {"acquisition": "network", "variant": "phantom", "against": "truth"}
    table = line_detection([line.points_nm for line in network.lines], known, whole_field((640.0, 520.0)), 10.0, **names).set_index("place")
    assert table.loc["all", "true_nm"] > 1000
    assert table.loc["all", "found_percent"] > 95
    assert table.loc["all", "real_percent"] > 95


def test_traced_network_goes_back_to_paradis(folder, tmp_path):
    network = read_network(folder / "180chains_16.10e.data")
    some = chains(network)[:50]
    ends = [(2 * number, 2 * number + 1) for number in range(len(some))]
    polylines, normals = [line.points_nm for line in some], np.array([line.plane_normal for line in some])
    write_paradis(tmp_path / "some.data", polylines, ends, normals, network.box)
    again = read_network(tmp_path / "some.data")
    assert sum(line.length_nm for line in chains(again)) == pytest.approx(sum(line.length_nm for line in some), rel=1e-6)
