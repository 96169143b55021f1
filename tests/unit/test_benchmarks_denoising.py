"""Tables that say how denoised frames compare."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.denoisers import scores_of
from benchmarks.denoising_bound import with_margins
from benchmarks.fine_tuning import STEPS, tilt_table
from benchmarks.fine_tuning_ways import DepthOptimiser, averaged
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.denoising.networks.unets import ResidualUNet
from rapidstem.denoising.training import training_steps
from rapidstem.denoising.training.optimisers import Optimiser


def field(name: str) -> TrainingField:
    """A dark line across two frames, of which the second lies two pixels lower and one to the right."""
    rows, columns = np.mgrid[:96, :96].astype(float)
    image = (1000 - 400 * np.exp(-((columns - 48 + 0.2 * rows) ** 2) / 12)).astype(np.float32)
    frames = np.stack([image, np.roll(image, (2, 1), (0, 1))])
    return TrainingField(name, frames, image, np.array([[0.0, 0.0], [2.0, 1.0]]), slice(8, 88), slice(8, 88), pixel_size_nm=4.56)


def test_a_frame_is_compared_where_it_lies() -> None:
    known = field("line")
    first, second = scores_of(known, 2 * known.frames + 30)
    assert min(first["psnr_affine_db"], second["psnr_affine_db"]) > 60
    assert second["relative_width"] == pytest.approx(1, abs=0.01) and second["relative_intensity"] == pytest.approx(1, abs=0.01)
    noisy = scores_of(known, known.frames + np.random.default_rng(1).normal(0, 40, known.frames.shape))
    assert all(15 < each["psnr_affine_db"] < 25 for each in noisy)


def test_every_tilt_and_all_of_them_have_a_line() -> None:
    fields = {name: (tilt_deg, field(name)) for name, tilt_deg in (("a", 0.0), ("b", 0.0), ("c", 60.0))}
    noise = np.random.default_rng(2).normal(0, 5, (3, 2, 96, 96))
    images = {name: known.frames + each * scale for (name, (_, known)), each, scale in zip(fields.items(), noise, (1, 1, 2), strict=True)}
    table = tilt_table(fields, images).set_index("tilt_deg")["psnr_affine_db"]
    assert table.index.tolist() == ["0", "60", "all"]
    assert table["all"] == pytest.approx((2 * table["0"] + table["60"]) / 3, abs=0.002)
    assert table["0"] - table["60"] == pytest.approx(20 * np.log10(2), abs=0.2)


def test_margins_are_taken_on_the_same_field() -> None:
    rows = [("a", "bm3d", 30.0, 31.0), ("a", "dlf-slow", 32.5, 36.0), ("b", "dlf-slow", 29.0, 31.0), ("b", "bm3d", 26.0, 27.0)]
    table = with_margins(pd.DataFrame(rows, columns=["field", "image", "slow_db", "truth_db"]))
    assert table["slow_over_bm3d_db"].tolist() == [0.0, 2.5, 3.0, 0.0]
    assert table["truth_over_bm3d_db"].tolist() == [0.0, 5.0, 4.0, 0.0]


def test_averaged_weights_are_the_mean_of_the_last_third_of_the_steps() -> None:
    state = SimpleNamespace(
        step=0, network=torch.nn.Linear(1, 1, bias=False), average=torch.nn.Linear(1, 1, bias=False).requires_grad_(False)
    )
    with averaged():
        for state.step in range(STEPS):
            torch.nn.init.constant_(state.network.weight, float(state.step))
            training_steps.average_weights(state, 0.995)
        assert training_steps.rate_share(STEPS - 1, STEPS) == 1
    assert float(state.average.weight) == pytest.approx(np.mean(range(STEPS * 2 // 3, STEPS)))
    assert training_steps.rate_share(STEPS - 1, STEPS) < 0.01


def test_lower_levels_change_less() -> None:
    changes = {}
    for kind in (Optimiser, DepthOptimiser):
        torch.manual_seed(1)
        network = ResidualUNet(8, 3)
        before = {name: weights.detach().clone() for name, weights in network.named_parameters()}
        network(torch.randn(1, 1, 32, 32)).square().sum().backward()
        kind(network, "adamw").step(1e-3)
        changes[kind] = {name: float((weights.detach() - before[name]).abs().mean()) for name, weights in network.named_parameters()}
    shares = {name: changes[DepthOptimiser][name] / change for name, change in changes[Optimiser].items()}
    for layer, share in (("input.weight", 2), ("encoders.1.0.first.weight", 1), ("encoders.2.0.first.weight", 0.5)):
        assert shares[layer] == pytest.approx(share, rel=0.05)
