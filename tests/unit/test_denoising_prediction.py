"""Networks, their files, and prediction in blocks and tiles."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rapidstem.denoising.compute_precision import resolve_precision
from rapidstem.denoising.intensity_scaling import IntensityScaling
from rapidstem.denoising.model_files import TrainedModel, load_model, save_model
from rapidstem.denoising.networks import UNet
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.errors import InputError

SETTINGS = NetworkSettings(target="slow", width=4, depth=2, patch_size_px=16, precision="float32")


@pytest.fixture
def model() -> TrainedModel:
    torch.manual_seed(0)
    network = UNet(SETTINGS.width, SETTINGS.depth).eval()
    return TrainedModel(network, SETTINGS, IntensityScaling(1000, 9000, 50, 250), {"denoiser": "dlf-slow"})


def frames(count: int, rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 10000, (count, rows, columns)).astype(np.uint16)


@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (33, 50), (31, 17)])
def test_images_of_any_size(rows: int, columns: int) -> None:
    assert UNet(4, 3)(torch.zeros(2, 1, rows, columns)).shape == (2, 1, rows, columns)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_nothing_beyond_the_reach_counts(depth: int) -> None:
    torch.manual_seed(0)
    network = UNet(4, depth)
    side = 4 * network.reach_px
    image = torch.rand(1, 1, side, side, requires_grad=True)
    middle = side // 2
    network(image)[0, 0, middle, middle].backward()
    rows = torch.nonzero(image.grad[0, 0].abs().sum(1))[:, 0]
    farthest = int((rows - middle).abs().max())
    assert farthest <= network.reach_px
    assert network.reach_px % 2**depth == 0


def test_tiles_have_the_answer_of_the_whole(model: TrainedModel) -> None:
    stack = frames(2, 150, 210)
    whole = denoise_stack(model, stack)
    tiled = denoise_stack(model, stack, pixels_at_once=100**2)
    np.testing.assert_allclose(tiled, whole, atol=1e-3 * whole.std())
    assert whole.std() > 0


def test_a_frame_has_one_answer_alone_and_in_a_stack(model: TrainedModel) -> None:
    stack = frames(5, 40, 48)
    together = denoise_stack(model, stack)
    blocks = denoise_stack(model, stack, pixels_at_once=2 * 40 * 48)
    alone = denoise_stack(model, stack[3:4])
    assert together.dtype == np.float32
    np.testing.assert_allclose(blocks, together, atol=1e-3)
    np.testing.assert_allclose(together[3:4], alone, atol=1e-3)


def test_intensities_are_put_back_on_the_targets_scale(model: TrainedModel) -> None:
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter.zero_()
        model.network.output.bias.fill_(0.25)
    assert denoise_stack(model, frames(1, 16, 16)) == pytest.approx(50 + 0.25 * 200)


def test_bfloat16_does_not_quantise(model: TrainedModel) -> None:
    half = TrainedModel(model.network, NetworkSettings(**{**vars(SETTINGS), "precision": "bfloat16"}), model.scaling, model.card)
    stack = frames(1, 64, 64)
    exact, rough = denoise_stack(model, stack), denoise_stack(half, stack)
    assert len(np.unique(rough)) > 0.9 * rough.size
    assert np.abs(rough - exact).max() < 0.05 * np.ptp(exact)


def test_a_model_is_read_as_it_was_written(model: TrainedModel, tmp_path: Path) -> None:
    save_model(tmp_path, model)
    found = load_model(tmp_path)
    assert (found.settings, found.scaling) == (model.settings, model.scaling)
    assert found.card["denoiser"] == "dlf-slow"
    assert found.card["versions"]["torch"] == torch.__version__.split("+")[0] or found.card["versions"]["torch"] == torch.__version__
    stack = frames(1, 32, 32)
    np.testing.assert_array_equal(denoise_stack(found, stack), denoise_stack(model, stack))


def test_models_that_cannot_be_used(model: TrainedModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no trained model"):
        load_model(tmp_path)
    save_model(tmp_path, model)
    card = json.loads((tmp_path / "model.json").read_text())
    card["settings"]["width"] = 5
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match="no weights of the network unet of width 5"):
        load_model(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"damaged")
    with pytest.raises(InputError, match="cannot be read"):
        load_model(tmp_path)


def test_one_image_is_no_stack(model: TrainedModel) -> None:
    with pytest.raises(InputError, match="no stack"):
        denoise_stack(model, frames(1, 16, 16)[0])


def test_precision_is_what_was_asked_for() -> None:
    cpu = torch.device("cpu")
    assert resolve_precision("float32", cpu) == "float32"
    assert resolve_precision("bfloat16", cpu) == "bfloat16"
    assert resolve_precision("auto", cpu) in ("float32", "bfloat16")
