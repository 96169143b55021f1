"""Real networks of discrete dislocation dynamics as specimens."""

import os
from pathlib import Path

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.microscope.line_networks import seen_box_nm
from rapidstem.microscope.paradis_networks import chains, lines_from_network, read_network
from rapidstem.microscope.settings import MicroscopeSettings


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
