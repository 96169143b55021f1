"""Trained networks in other programs: ONNX Runtime and the library of the BioImage Model Zoo make the pictures that rapidstem makes."""

import shutil
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rapidstem.denoising import LOSSES, NetworkSettings, TrainedModel, denoise_stack, load_model, model_folder, save_model
from rapidstem.denoising.exchange import PackageOrigin, read_zoo_package, write_onnx, write_zoo_package, zoo_packages
from rapidstem.denoising.fields.intensity_scaling import IntensityScaling, OwnScaling
from rapidstem.denoising.networks.architectures import ARCHITECTURES
from rapidstem.errors import InputError

SESSION_SCALE, OWN_SCALE = IntensityScaling(7000.0, 20000.0, 9000.0, 31000.0), OwnScaling(1.2, 500.0)
ORIGIN = PackageOrigin(("A. Person", "B. Person"), "CC-BY-4.0")
SAME = 1e-4


def frames(count: int, rows: int, columns: int) -> np.ndarray:
    """Counts with a gradient, offsets of rows and noise: nothing is the same after a flip."""
    random = np.random.default_rng(rows)
    image = 9000 + 40 * np.arange(columns) + 15 * np.arange(rows)[:, np.newaxis]
    rows_apart = 400 * random.normal(size=(count, rows, 1))
    return np.round(image + rows_apart + 900 * random.normal(size=(count, rows, columns))).astype(np.uint16)


def model(network: str, scaling: IntensityScaling | OwnScaling, flip_averaging: bool = True) -> TrainedModel:
    """A network with weights that do something: those of a new one leave the picture nearly alone."""
    settings = NetworkSettings(target="slow", network=network, width=4, depth=2, flip_averaging=flip_averaging, precision="float32")
    made = ARCHITECTURES[network](4, 2).eval()
    torch.manual_seed(3)
    for weights in made.parameters():
        weights.data.normal_(0, 0.2)
    card = {"denoiser": "dlf-slow", "data": {"pixel_size_nm": 4.56, "dwell_time_s": 1e-7}}
    return TrainedModel(made, settings, scaling, card)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved model on each frame's own scale."""
    place = tmp_path / "models/dlf-slow"
    save_model(place, model("residual-unet", OWN_SCALE))
    (place / LOSSES).write_text("step,training,validation\n", encoding="utf-8")
    return place


@pytest.mark.parametrize(
    ("network", "scaling", "flips"),
    [
        ("residual-unet", OWN_SCALE, True),
        ("residual-unet", SESSION_SCALE, False),
        ("unet", SESSION_SCALE, True),
        ("hourglass", OWN_SCALE, False),
    ],
)
def test_onnx_runtime_makes_the_same_pictures_of_any_size(tmp_path: Path, network: str, scaling: OwnScaling, flips: bool) -> None:
    pytest.importorskip("onnxscript", reason="the packages of the group model-zoo are not installed")
    runtime = pytest.importorskip("onnxruntime", reason="the packages of the group model-zoo are not installed")
    trained = model(network, scaling, flips)
    write_onnx(tmp_path / "a.onnx", trained)
    session = runtime.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
    for raw in (frames(3, 64, 96), frames(1, 100, 72)):
        expected = denoise_stack(trained, raw)
        (found,) = session.run(None, {"frames": raw[:, np.newaxis].astype(np.float32)})
        assert np.ptp(expected) > 100
        assert np.abs(found[:, 0] - expected).max() < SAME * np.ptp(expected)


def test_the_zoo_s_library_accepts_the_package_and_makes_the_same_picture(folder: Path, tmp_path: Path) -> None:
    core = pytest.importorskip("bioimageio.core", reason="the packages of the group model-zoo are not installed")
    path = tmp_path / "dlf-slow.zip"
    write_zoo_package(path, folder, frames(1, 130, 100)[0], ORIGIN)
    summary = core.test_model(path)
    assert summary.status == "passed", summary.display()
    described = core.load_model_description(path)
    assert [author.name for author in described.authors] == list(ORIGIN.authors) and str(described.license) == ORIGIN.licence
    assert [axis.scale for axis in described.inputs[0].axes[2:]] == [4.56, 4.56]
    raw = frames(1, 128, 160)
    sample = core.predict(model=described, inputs={"frames": raw[:, np.newaxis].astype(np.float32)})
    found = np.asarray(next(iter(sample.members.values())).data)[:, 0]
    expected = denoise_stack(load_model(folder), raw)
    assert np.abs(found - expected).max() < SAME * np.ptp(expected)


def test_the_general_filter_is_packed_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = SimpleNamespace(
        InvalidDescr=bytes,
        load_description=lambda path: path.parent,
        save_bioimageio_package=lambda place, output_path: package_of(output_path, place),
    )
    monkeypatch.setitem(sys.modules, "bioimageio.spec", library)
    monkeypatch.setattr(zoo_packages, "write_onnx", lambda path, model: path.touch())
    monkeypatch.chdir(tmp_path)
    write_zoo_package(tmp_path / "a.zip", "general", frames(1, 64, 64)[0], ORIGIN)
    assert read_zoo_package(tmp_path / "a.zip", tmp_path / "taken").card == load_model(model_folder("general")).card


def test_a_package_comes_back_as_the_same_model(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("bioimageio.spec", reason="the packages of the group model-zoo are not installed")
    write_zoo_package(tmp_path / "a.zip", folder, frames(1, 128, 128)[0], ORIGIN)
    read_zoo_package(tmp_path / "a.zip", tmp_path / "taken")
    raw = frames(2, 90, 70)
    np.testing.assert_array_equal(denoise_stack(load_model(tmp_path / "taken"), raw), denoise_stack(load_model(folder), raw))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def package(path: Path, folder: Path, answer_is: float = 1.0) -> Path:
    """What the reader needs of a package, its picture brightened by a factor."""
    raw = frames(1, 64, 64)
    answer = denoise_stack(load_model(folder), raw)
    np.save(folder / "test_input.npy", raw[:, np.newaxis].astype(np.float32))
    np.save(folder / "test_output.npy", (answer * answer_is)[:, np.newaxis])
    return package_of(path, folder)


def package_of(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path, "w") as written:
        for file in folder.iterdir():
            written.write(file, file.name)
    return path


def test_reading_needs_no_further_packages(folder: Path, tmp_path: Path) -> None:
    read_zoo_package(package(tmp_path / "a.zip", folder), tmp_path / "taken")
    assert load_model(tmp_path / "taken").card["denoiser"] == "dlf-slow"


def test_a_package_whose_picture_is_another_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not make the picture that it holds"):
        read_zoo_package(package(tmp_path / "a.zip", folder, answer_is=1.01), tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


def test_networks_of_other_programs_are_refused_by_name(folder: Path, tmp_path: Path) -> None:
    (folder / "model.json").rename(folder / "other.json")
    shutil.make_archive(str(tmp_path / "a"), "zip", folder)
    with pytest.raises(InputError, match=r"a\.zip: does not come from rapidstem \(model\.json"):
        read_zoo_package(tmp_path / "a.zip", tmp_path / "taken")
    (tmp_path / "b.zip").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"b\.zip: is no package"):
        read_zoo_package(tmp_path / "b.zip", tmp_path / "taken")


def test_a_small_frame_is_no_example(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("bioimageio.spec", reason="the packages of the group model-zoo are not installed")
    with pytest.raises(InputError, match="too small; give one of 64 px"):
        write_zoo_package(tmp_path / "a.zip", folder, frames(1, 40, 200)[0], ORIGIN)
