"""A trained network as one ONNX graph: raw frames in counts go in, denoised ones in counts come out.

Needs the packages of the group `model-zoo`, which are loaded when they are used.
"""

import warnings
from pathlib import Path
from typing import cast

import torch
from torch import nn

from rapidstem.denoising.fields.intensity_scaling import IntensityScaling, Scaling
from rapidstem.denoising.model_files import TrainedModel
from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside
from rapidstem.numerics import SIGMA_PER_MEDIAN_DEVIATION

# The least that the exporter of torch 2.13 writes without converting; every operator of the networks is older.
OPSET = 18
# The smallest side of a frame, by judgement: the patches of the training have it, below it a network sees mostly its own border.
SMALLEST_PX = 64


def write_onnx(path: Path | str, model: TrainedModel) -> None:
    """Write a network with its intensity scale and the average over the flip as one graph.

    The graph has the input `frames` (n, 1, y, x) and the output `denoised` of the same shape, both float32 in counts; y and x are
    multiples of 2**depth.

    Parameters
    ----------
    path
        File to write, `.onnx`.
    model
        Trained, see `rapidstem.denoising.load_model`.

    Raises
    ------
    InputError
        when the packages of the group `model-zoo` are not installed.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise InputError(f"{path}: ONNX needs the packages of the group model-zoo; install them (pip install .[model-zoo])") from None
    step = 2**model.network.depth
    example = torch.zeros(2, 1, _multiple(SMALLEST_PX, step), _multiple(SMALLEST_PX + step, step))
    sides = {
        axis: step * torch.export.Dim(f"{name}_steps", min=2) if step > 1 else torch.export.Dim(name, min=2)
        for axis, name in ((2, "y"), (3, "x"))
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exported = torch.onnx.export(
            _WholeDenoiser(model).eval(),
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["frames"],
            output_names=["denoised"],
            dynamic_shapes={"frames": {0: torch.export.Dim("n"), **sides}},
            verbose=False,
        )
    program = cast(torch.onnx.ONNXProgram, exported)
    with written_beside(path) as temporary:
        program.save(temporary, external_data=False)


def _multiple(size: int, step: int) -> int:
    return -(-size // step) * step


class _WholeDenoiser(nn.Module):
    """All that `rapidstem.denoising.prediction` does with frames that need no padding, in float32."""

    def __init__(self, model: TrainedModel) -> None:
        super().__init__()
        self.network = model.network.to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self.scales = _ExportedScales(model.scaling)
        self.flips = model.settings.flip_averaging

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Frames (n, 1, y, x) in counts to denoised ones of the same shape."""
        input_low, input_width, target_low, target_width = self.scales(frames)
        images = (frames - input_low) / input_width
        answers = self.network(images)
        if self.flips:
            answers = (answers + self.network(images.flip(2)).flip(2)) / 2
        return answers * target_width + target_low


class _ExportedScales(nn.Module):
    """Zero and unit of inputs and targets, of each frame where it has its own."""

    def __init__(self, scaling: Scaling) -> None:
        super().__init__()
        self.scaling = scaling

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, ...]:
        scaling = self.scaling
        if isinstance(scaling, IntensityScaling):
            limits = scaling.input_low, scaling.input_high - scaling.input_low, scaling.target_low, scaling.target_high - scaling.target_low
            return tuple(frames.new_tensor(value) for value in limits)
        middle, spread = _middle_and_spread(frames)
        return middle, spread, middle * scaling.slope + scaling.offset, spread * scaling.slope


def _middle_and_spread(frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What `OwnScaling` measures of each frame, (n, 1, 1, 1)."""
    level = (frames - _median(frames)[..., None]).flatten(1)
    robust = SIGMA_PER_MEDIAN_DEVIATION * _median((level - _median(level)[:, None]).abs())
    deviation = level.std(1, correction=0)
    spread = torch.where(robust > 0, robust, torch.where(deviation > 0, deviation, torch.ones_like(deviation)))
    return _median(frames.flatten(1))[:, None, None, None], spread[:, None, None, None]


def _median(values: torch.Tensor) -> torch.Tensor:
    """NumPy's median along the last axis: the mean of the two middle values."""
    count = values.shape[-1]
    ordered = torch.sort(values, dim=-1).values
    return (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2
