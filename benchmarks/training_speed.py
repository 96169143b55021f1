"""Speed of training and prediction beside CAREamics: the same fields, patches, batches and processor, one run.

Run from the root of the repository, on the results of a session, in an environment of its own that has CAREamics beside what rapidstem
needs (`pip install careamics -e .[learning]`): `python -m benchmarks.training_speed results/demo`. It prints
milliseconds of processor time a patch and a frame, the share of the rate that large matrix products reach, and with `--score-steps` the
PSNR after an affine fit of intensities on fields that neither has seen, ours after half the time that CAREamics takes. CAREamics is
left out where it is missing.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measured_tables import record_table
from rapidstem.denoising.fields.frame_shifts import moved_back
from rapidstem.denoising.fields.intensity_scaling import measure_scaling
from rapidstem.denoising.fields.training_pairs import TrainingField, read_training_field
from rapidstem.denoising.model_files import TrainedModel
from rapidstem.denoising.networks.architectures import new_network
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.presets import denoiser_settings
from rapidstem.denoising.samplers.sampler_choice import new_sampler
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.denoising.training.denoiser_training import split_fields, train_denoiser
from rapidstem.denoising.training.distributed import ProcessGroup
from rapidstem.denoising.training.optimisers import Optimiser
from rapidstem.denoising.training.training_state import TrainingState
from rapidstem.denoising.training.training_steps import StepTaker
from rapidstem.files.image_stacks import read_stack
from rapidstem.frames.drift_tables import read_drift
from rapidstem.progress import Progress
from rapidstem.scores.image_quality import psnr_affine_db

PATCH_PX, BATCH, CHUNK, FRAMES_A_FIELD = 64, 16, 3, 8
# Of the time that CAREamics takes; set-up and slower steps than the fastest make it a half.
SHARE_OF_TIME = 0.4
UNET = NetworkSettings("slow", network="unet", width=32, depth=3, optimiser="adamw", flip_averaging=False)
_BEST = denoiser_settings("dlf-slow", {})
assert isinstance(_BEST, NetworkSettings)
DEFAULT = replace(_BEST, flip_averaging=False)
PRECISIONS = ("float32", "bfloat16")


def read_fields(results: Path) -> list[TrainingField]:
    """Some frames of every training field of a session."""
    fields = []
    for folder in sorted((results / "pairs").glob("train-*")):
        stack = read_stack(results / "raw" / f"{folder.name}.rapid.emd")
        drift = read_drift(results / f"dcfi/{folder.name}.drift.csv")
        field = read_training_field(folder, stack.frames, drift, "slow", folder.name, stack.dwell_time_s)
        chosen = slice(FRAMES_A_FIELD)
        fields.append(TrainingField(field.name, field.frames[chosen], field.reference, field.shift_px[chosen], field.rows, field.columns))
    return fields


def image_pairs(fields: list[TrainingField]) -> tuple[np.ndarray, np.ndarray]:
    """Frames and their targets as arrays (frame, y, x), cut to what all fields see and to multiples of 8, which CAREamics asks for."""
    margin = 6
    top, left = (max(getattr(field, axis).start for field in fields) + margin for axis in ("rows", "columns"))
    bottom, right = (min(getattr(field, axis).stop for field in fields) - margin for axis in ("rows", "columns"))
    area = (slice(top, bottom - (bottom - top) % 8), slice(left, right - (right - left) % 8))
    pairs = [
        (frame, moved_back(field.reference, -shift)) for field in fields for frame, shift in zip(field.frames, field.shift_px, strict=True)
    ]
    inputs, targets = zip(*((frame[area].astype(np.float32), target[area]) for frame, target in pairs), strict=True)
    return np.stack(inputs), np.stack(targets)


def fastest(marks: list[float]) -> float:
    """Shortest time of a step, from the times at the ends of all steps, taken over a few steps at once."""
    ends = np.array(marks)
    return float((ends[CHUNK:] - ends[:-CHUNK]).min()) / CHUNK


def operations(network: torch.nn.Module) -> int:
    """Floating-point operations of one training step."""
    images = torch.rand(BATCH, 1, PATCH_PX, PATCH_PX)
    with FlopCounterMode(display=False) as counter:
        network(images).mean().backward()
    return counter.get_total_flops()


def peak_rate(precision: str, size: int = 2048) -> float:
    """Operations a second of a large matrix product."""
    kind = getattr(torch, precision)
    first, second = torch.rand(size, size, dtype=kind), torch.rand(size, size, dtype=kind)
    marks = []
    for _ in range(3 * CHUNK):
        torch.mm(first, second)
        marks.append(time.process_time())
    return 2 * size**3 / fastest(marks)


def own_step_s(fields: list[TrainingField], settings: NetworkSettings, precision: str, steps: int) -> float:
    """Processor seconds of a step of rapidstem."""
    network = new_network(settings).on(torch.device("cpu"))
    average = new_network(settings).on(torch.device("cpu")).requires_grad_(False)
    state = TrainingState(network, average, Optimiser(network, settings.optimiser))
    sampler = new_sampler(fields, measure_scaling(fields), settings, state.device)
    taker, marks = StepTaker(network, sampler, settings, precision, ProcessGroup()), []
    with Progress("", steps, "step", silent=True) as progress:
        for step in range(steps):
            taker.take_until(step + 1, state, progress)
            marks.append(time.process_time())
    return fastest(marks)


def prediction_s(predict: Callable[[], Any], frames: int) -> float:
    """Processor seconds of a frame, the best of three."""
    times = []
    for _ in range(3):
        start = time.process_time()
        predict()
        times.append(time.process_time() - start)
    return min(times) / frames


def careamics_run(
    pairs: tuple[np.ndarray, np.ndarray], validation: tuple[np.ndarray, np.ndarray], precision: str, steps: int
) -> tuple[Any, list[float]]:
    """A trained CAREamist with default settings but for the depth of its U-Net, and the processor time at the end of each step."""
    from careamics import CAREamist
    from careamics.config.factories.care_n2n_factory import create_advanced_care_config
    from pytorch_lightning import Callback

    marks: list[float] = []

    class Stopwatch(Callback):
        def on_train_batch_end(self, *arguments: object) -> None:
            marks.append(time.process_time())

    config = create_advanced_care_config(
        experiment_name="speed",
        data_type="array",
        axes="SYX",
        patch_size=[PATCH_PX, PATCH_PX],
        batch_size=BATCH,
        num_epochs=max(steps // 100, 1),
        num_steps=min(steps, 100),
        augmentations=["y_flip"],
        num_workers=0,
        model_params={"depth": 3, "num_channels_init": 32},
        trainer_params={"accelerator": "cpu", "precision": {"float32": "32", "bfloat16": "bf16-mixed"}[precision]},
    )
    careamist = CAREamist(config, work_dir=tempfile.mkdtemp(), callbacks=[Stopwatch()], enable_progress_bar=False)
    (inputs, targets), (val_inputs, val_targets) = pairs, validation
    careamist.train(train_data=inputs, train_data_target=targets, val_data=val_inputs, val_data_target=val_targets)
    return careamist, marks


def mean_psnr_db(images: np.ndarray, targets: np.ndarray) -> float:
    area = (slice(8, -8), slice(8, -8))
    return float(np.mean([psnr_affine_db(image, target, area) for image, target in zip(images, targets, strict=True)]))


def careamics_images(careamist: Any, inputs: np.ndarray) -> np.ndarray:
    predicted, _ = careamist.predict(inputs, batch_size=1)
    return np.concatenate([np.asarray(image) for image in predicted]).reshape(inputs.shape)


def compare_speed(fields: list[TrainingField], steps: int, with_peer: bool) -> None:
    """Record the time of a patch in training and of a frame in prediction."""
    pairs = image_pairs(fields)
    rows = []
    for precision in PRECISIONS:
        peak = peak_rate(precision)
        for name, settings in (("rapidstem U-Net, as wide and by Adam", UNET), (f"rapidstem {DEFAULT.network}", DEFAULT)):
            step_s = own_step_s(fields, settings, precision, steps)
            network = new_network(settings).eval()
            applied = NetworkSettings(**{**vars(settings), "precision": precision})
            model = TrainedModel(network, applied, measure_scaling(fields), {})
            frame_s = prediction_s(partial(denoise_stack, model, pairs[0][:8]), 8)
            rows.append(speed_row(name, precision, step_s, operations(new_network(settings)) / step_s / peak, frame_s))
        if with_peer:
            careamist, marks = careamics_run(pairs, (pairs[0][:2], pairs[1][:2]), precision, steps)
            frame_s = prediction_s(partial(careamics_images, careamist, pairs[0][:8]), 8)
            share = operations(careamist.model.model) / fastest(marks) / peak
            rows.append(speed_row("CAREamics", precision, fastest(marks), share, frame_s))
    record_table("training_speed", pd.DataFrame(rows), ["network", "precision"])


def speed_row(name: str, precision: str, step_s: float, share: float, frame_s: float) -> dict[str, object]:
    """Milliseconds of one network in one precision."""
    row = {"network": name, "precision": precision, "training_ms_a_patch": round(1e3 * step_s / BATCH, 2)}
    return row | {"share_of_peak_percent": round(100 * share), "prediction_ms_a_frame": round(1e3 * frame_s, 1)}


def compare_scores(fields: list[TrainingField], steps: int, precision: str) -> None:
    """Record what CAREamics reaches with so many steps, and what the default network reaches in half its time."""
    learned, unseen = split_fields(fields, 0.2, seed=1)
    pairs, validation = image_pairs(learned), image_pairs(unseen)
    careamist, marks = careamics_run(pairs, validation, precision, steps)
    whole = marks[-1] - marks[0]
    peer_db = mean_psnr_db(careamics_images(careamist, validation[0]), validation[1])
    rows = [{"network": "CAREamics", "steps": steps, "seconds": round(whole), "psnr_affine_db": round(peer_db, 2)}]
    own_steps = max(int(SHARE_OF_TIME * whole / own_step_s(learned, DEFAULT, precision, 12)), 1)
    settings = NetworkSettings(**{**vars(DEFAULT), "steps": own_steps, "validation_share": 0.0, "precision": precision})
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        model = train_denoiser(learned, settings, folder, "dlf-slow")
    images = denoise_stack(model, validation[0])
    seconds, own_db = round(time.process_time() - start), mean_psnr_db(images, validation[1])
    rows.append({"network": f"rapidstem {DEFAULT.network}", "steps": own_steps, "seconds": seconds, "psnr_affine_db": round(own_db, 2)})
    record_table("training_speed.scores", pd.DataFrame(rows).assign(precision=precision), ["network", "precision"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, nargs="?", default=Path("results/demo"), help="folder of a finished session")
    parser.add_argument("--steps", type=int, default=24, help="steps that are timed")
    parser.add_argument("--score-steps", type=int, default=0, help="steps of CAREamics for the comparison of scores; 0 for none")
    parser.add_argument("--precision", choices=PRECISIONS, default="bfloat16", help="of the comparison of scores")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    fields = read_fields(arguments.results)
    with_peer = find_spec("careamics") is not None
    if not with_peer:
        print("CAREamics is missing (pip install careamics); only rapidstem is measured")
    compare_speed(fields, arguments.steps, with_peer)
    if with_peer and arguments.score_steps:
        compare_scores(fields, arguments.score_steps, arguments.precision)


if __name__ == "__main__":
    main()
