"""Networks of other papers that fill in blind spots: what they do not see, what they do, and that they learn."""

import numpy as np
import pytest
import torch

from benchmarks.peers.blind_spot_networks import BLIND, PIXEL, ROW, FeatureUNet
from benchmarks.peers.blind_spot_training import PEERS, answers, peer_network, peer_settings, train_peer
from rapidstem.denoising.neighbours import SeriesContext

ROW_AT, COLUMN_AT = 13, 22


def seen_of_one_answer(name: str, blind: str) -> np.ndarray:
    """Which pixels of the frame and of its neighbours change the answer for one pixel, (image, y, x)."""
    torch.manual_seed(2)
    network = peer_network(name, blind)
    images = torch.randn(1, 5, 32, 40, requires_grad=True)
    network(images)[0, 0, ROW_AT, COLUMN_AT].backward()
    assert images.grad is not None
    return (images.grad[0] != 0).numpy()


@pytest.mark.parametrize("name", PEERS)
def test_an_answer_does_not_see_its_own_pixel(name: str) -> None:
    seen = seen_of_one_answer(name, PIXEL)[0]
    assert not seen[ROW_AT, COLUMN_AT]
    beside = seen[ROW_AT - 2 : ROW_AT + 3, COLUMN_AT - 2 : COLUMN_AT + 3]
    assert beside.sum() == 24, "but all pixels around it"


@pytest.mark.parametrize("name", PEERS)
def test_an_answer_that_is_blind_in_its_row_sees_nothing_of_it(name: str) -> None:
    seen = seen_of_one_answer(name, ROW)[0]
    assert not seen[ROW_AT].any()
    assert seen[ROW_AT - 1, COLUMN_AT - 1 : COLUMN_AT + 2].all() and seen[ROW_AT + 1, COLUMN_AT - 1 : COLUMN_AT + 2].all()


@pytest.mark.parametrize("blind", BLIND)
def test_only_support_sees_the_neighbours_in_the_place_of_the_answer(blind: str) -> None:
    assert seen_of_one_answer("support", blind)[1:, ROW_AT, COLUMN_AT].all()
    elsewhere = seen_of_one_answer("udvd", blind)[1:]
    assert not elsewhere[:, ROW_AT, COLUMN_AT].any() and elsewhere.any(axis=(1, 2)).all()


def test_a_causal_network_sees_its_row_and_those_above() -> None:
    torch.manual_seed(3)
    images = torch.randn(1, 2, 32, 32, requires_grad=True)
    FeatureUNet(2, 4, causal=True)(images)[0, :, ROW_AT].sum().backward()
    assert images.grad is not None
    rows = (images.grad != 0).any(dim=3).any(dim=1)[0]
    assert not rows[ROW_AT + 1 :].any() and rows[ROW_AT] and rows[ROW_AT - 1]


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_takes_noise_away(name: str) -> None:
    rng = np.random.default_rng(4)
    rows, columns = np.mgrid[:64, :64]
    clean = np.repeat(100 - 40 * np.exp(-((columns - 30 + 0.3 * rows) ** 2) / 18)[None], 7, axis=0)
    series = SeriesContext(clean + rng.normal(0, 12, clean.shape), np.deg2rad(np.linspace(-9, 9, 7)), np.zeros((7, 2)), 2)
    torch.manual_seed(1)
    network = peer_network(name)
    found = answers(train_peer(network, series, peer_settings(network, name, 1.0), name), series, [3, 0])
    assert found.shape == (2, 64, 64)
    assert np.std(found - clean[:2]) < np.std(series.frames[[3, 0]] - clean[:2]) / 2


def test_a_budget_is_steps() -> None:
    network = peer_network("support")
    once, twice = (peer_settings(network, "support", budget).steps for budget in (0.4, 0.8))
    assert once > 5 and abs(twice - 2 * once) <= 1
