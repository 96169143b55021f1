"""Networks, their files, and prediction in blocks and tiles."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from rapidstem.denoising.field_prediction import denoise_field
from rapidstem.denoising.fields.frame_shifts import averaged
from rapidstem.denoising.fields.intensity_scaling import IntensityScaling
from rapidstem.denoising.model_files import TrainedModel, check_fit, load_model, save_model
from rapidstem.denoising.networks.architectures import ARCHITECTURES, new_network
from rapidstem.denoising.networks.compute_precision import computing_words, resolve_precision
from rapidstem.denoising.networks.unets import DenoisingNetwork, UNet
from rapidstem.denoising.prediction import denoise_blocks, denoise_stack
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.errors import InputError
from rapidstem.files.sliced_frames import SlicedFrames
from rapidstem.frames import Drift

SETTINGS = NetworkSettings(target="slow", width=4, depth=2, patch_size_px=16, precision="float32")


@pytest.fixture
def model() -> TrainedModel:
    torch.manual_seed(0)
    network = UNet(SETTINGS.width, SETTINGS.depth).eval()
    card = {"denoiser": "dlf-slow", "data": {"pixel_size_nm": 4.56, "dwell_time_s": 1e-7}}
    return TrainedModel(network, SETTINGS, IntensityScaling(1000, 9000, 50, 250), card)


def without_flip(model: TrainedModel) -> TrainedModel:
    return TrainedModel(model.network, replace(model.settings, flip_averaging=False), model.scaling, model.card)


def frames(count: int, rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 10000, (count, rows, columns)).astype(np.uint16)


def network_of(name: str, depth: int) -> DenoisingNetwork:
    torch.manual_seed(0)
    return ARCHITECTURES[name](2, depth).eval()


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (33, 50), (31, 17)])
def test_images_of_any_size(name: str, rows: int, columns: int) -> None:
    assert network_of(name, 3)(torch.zeros(2, 1, rows, columns)).shape == (2, 1, rows, columns)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_nothing_beyond_the_reach_counts(name: str, depth: int) -> None:
    network = network_of(name, depth).double()
    for weights in network.parameters():
        torch.nn.init.constant_(weights, 0.01)
    side = 3 * network.reach_px
    image = torch.rand(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    for middle in (side // 2, side // 2 + 2**depth - 1):
        image.grad = None
        network.answer(network.features(image))[0, 0, middle, middle].backward()
        rows = torch.nonzero(image.grad[0, 0].abs().sum(1))[:, 0]
        assert network.reach_px / 2 < int((rows - middle).abs().max()) <= network.reach_px
    assert network.reach_px % 2**network.depth == 0


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_tiles_have_the_answer_of_the_whole(name: str, model: TrainedModel) -> None:
    settings = replace(SETTINGS, network=name, depth=2)
    network = network_of(name, 2)
    torch.nn.init.normal_(network.output.weight)
    stack = frames(2, 150, 213)
    whole = denoise_stack(TrainedModel(network, settings, model.scaling, model.card), stack)
    tiled = denoise_stack(TrainedModel(network, settings, model.scaling, model.card), stack, pixels_at_once=100**2)
    np.testing.assert_allclose(tiled, whole, atol=1e-3 * whole.std())
    assert whole.std() > 0


def test_upside_down_images_have_upside_down_answers(model: TrainedModel) -> None:
    stack = frames(1, 42, 48)
    both, one = denoise_stack(model, stack[:, :40]), denoise_stack(without_flip(model), stack[:, :40])
    np.testing.assert_allclose(denoise_stack(model, stack[:, 39::-1])[:, ::-1], both, atol=1e-3)
    assert np.abs(both - one).max() > 0.01 * one.std(), "one answer alone has a preferred direction"


def test_frames_of_an_open_file_are_read_block_by_block(model: TrainedModel) -> None:
    stack, read = frames(3, 300, 300), []

    def read_frames(start: int, stop: int) -> np.ndarray:
        read.append((start, stop))
        return stack[start:stop]

    blocks = denoise_blocks(model, SlicedFrames(Path("series.emd"), stack.shape, stack.dtype, read_frames))
    first = next(blocks)
    assert read == [(0, 1)], "no frame is read before its turn"
    np.testing.assert_array_equal(np.concatenate([first, *blocks]), denoise_stack(model, stack))


def test_a_full_graphics_card_gets_smaller_tiles(
    model: TrainedModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    stack = frames(1, 300, 310)
    whole = denoise_stack(model, stack)
    forward = UNet.forward

    def forward_with_little_memory(network: UNet, images: torch.Tensor) -> torch.Tensor:
        if images.numel() > 270**2:
            raise torch.OutOfMemoryError
        return forward(network, images)

    monkeypatch.setattr(UNet, "forward", forward_with_little_memory)
    tiled = denoise_stack(model, stack, pixels_at_once=4 * 270**2)
    np.testing.assert_allclose(tiled, whole, atol=1e-3 * whole.std())
    assert f"going on with tiles of {270**2} pixels" in capsys.readouterr().err


def test_a_graphics_card_without_any_memory_is_an_error(model: TrainedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(network: UNet, images: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(UNet, "forward", forward)
    with pytest.raises(InputError, match="no memory for small tiles"):
        denoise_stack(model, frames(1, 32, 32))


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


def test_a_model_with_the_names_of_earlier_versions_is_read(model: TrainedModel, tmp_path: Path) -> None:
    settings = replace(SETTINGS, network="residual-unet")
    model = replace(model, network=new_network(settings).eval(), settings=settings)
    save_model(tmp_path, model)
    card = json.loads((tmp_path / "model.json").read_text())
    card["settings"]["lesson"] = card["settings"].pop("sampler")
    (tmp_path / "model.json").write_text(json.dumps(card))
    layers = {"upsamplers": "raisers", "downsamplers": "lowerers"}
    weights = load_file(tmp_path / "weights.safetensors")
    for layer, once in layers.items():
        assert any(name.startswith(layer) for name in weights)
        weights = {name.replace(layer, once): tensor for name, tensor in weights.items()}
    save_file(weights, tmp_path / "weights.safetensors")
    found = load_model(tmp_path)
    assert found.settings == model.settings
    np.testing.assert_array_equal(denoise_stack(found, frames(1, 32, 32)), denoise_stack(model, frames(1, 32, 32)))


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


@pytest.mark.parametrize(
    ("low", "high", "pixel_size_nm", "dwell_time_s", "message"),
    [
        (1000, 9000, 4.7, 1.05e-7, None),
        (0, 10000, 4.56, None, None),
        (4000, 5000, 4.56, 1e-7, None),
        (1000, 9000, 2.28, 1e-7, r"pixels of 2.28 nm where it was trained with 4.56 nm"),
        (1000, 9000, 4.56, 2e-7, r"a dwell time of 2e-07 s where it was trained with 1e-07 s"),
        (10000, 30000, 4.56, 1e-7, r"intensities from .* where it knows 1000 to 9000; train anew, or from its weights with start_from"),
        (4000, 4100, 4.56, 1e-7, "intensities from"),
        (4000, 4100, 2.28, 2e-7, "pixels of .*; a dwell time of .*; intensities from"),
    ],
)
def test_a_model_is_refused_for_data_that_do_not_fit(
    model: TrainedModel, low: int, high: int, pixel_size_nm: float, dwell_time_s: float | None, message: str | None
) -> None:
    stack = np.random.default_rng(0).integers(low, high, (2, 16, 16))
    with nullcontext() if message is None else pytest.raises(InputError, match=message):
        check_fit(model, stack, pixel_size_nm, dwell_time_s)


def test_one_image_is_no_stack(model: TrainedModel) -> None:
    with pytest.raises(InputError, match="no stack"):
        denoise_stack(model, frames(1, 16, 16)[0])


def test_precision_is_what_was_asked_for() -> None:
    cpu = torch.device("cpu")
    assert resolve_precision("float32", cpu) == "float32"
    assert resolve_precision("bfloat16", cpu) == "bfloat16"
    assert resolve_precision("auto", cpu) in ("float32", "bfloat16")


def test_what_networks_compute_on_is_said() -> None:
    threads = torch.get_num_threads()
    assert computing_words("float32", torch.device("cpu")).endswith(f" in float32, with {threads} threads")
    assert torch.backends.cpu.get_cpu_capability() in computing_words("auto", torch.device("cpu"))


def test_a_field_is_shown_frame_by_frame_or_as_the_mean_of_many_at_its_places(model: TrainedModel) -> None:
    stack, used = frames(5, 24, 24), np.array([True, False, True, True, True])
    drift = Drift(np.array([[0.5, 0.0], [9.0, 9.0], [-0.5, 1.0], [0.0, -1.0], [0.2, 0.3]]), np.zeros(5), used)
    shown = np.array([2, 3])
    singles = np.concatenate(list(denoise_field(model, stack, drift, shown)))
    assert np.array_equal(singles, denoise_stack(model, stack[shown]))
    means = TrainedModel(model.network, replace(model.settings, averaged_frames=3), model.scaling, model.card)
    chosen = [0, 2, 3]
    expected = averaged(denoise_stack(model, stack[chosen]), drift.shift_px[chosen], drift.shift_px[shown])
    assert np.array_equal(np.concatenate(list(denoise_field(means, stack, drift, shown))), expected, equal_nan=True)
