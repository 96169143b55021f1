r"""What networks score beside the floating-point operations that they take: a step of training, a frame, and the training as a whole.

    python -m benchmarks.network_operations results/demo [--budget-tflop 10] [--widths 12 24 48]

The networks that a finished session has trained come first, with the scores of its evaluation. With a budget the default network
of these widths is trained from nothing, each for as many steps as the budget allows, on the same fields and judged on the same frames
(`benchmarks.denoisers`): what fewer operations a step are worth where the operations in all are the same.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.denoisers import denoised_by, scores, stack_of
from benchmarks.measured_tables import record_table
from rapidstem.denoising.model_files import load_model
from rapidstem.denoising.model_paths import CARD
from rapidstem.denoising.networks.architectures import new_network
from rapidstem.denoising.presets import denoiser_settings
from rapidstem.denoising.settings import NetworkSettings

BUDGETED = "dlf-slow"
FRAMES = 2
KEYS = ["session", "denoiser", "width", "steps", "start_from"]


def gflop(settings: NetworkSettings, side_px: int) -> tuple[float, float]:
    """Operations (10^9) of a step of training, and of a frame of that many pixels a side, with its mirror image where both are averaged."""
    network = new_network(settings)
    patches = torch.rand(settings.batch_size, settings.inputs, settings.patch_size_px, settings.patch_size_px)
    with FlopCounterMode(display=False) as training:
        network(patches).mean().backward()
    with FlopCounterMode(display=False) as prediction, torch.no_grad():
        network.eval()(torch.rand(1, settings.inputs, side_px, side_px))
    answers = 2 if settings.flip_averaging else 1
    return training.get_total_flops() / 1e9, answers * prediction.get_total_flops() / 1e9


def row(session: Path, denoiser: str, settings: NetworkSettings, psnr_db: float) -> dict[str, object]:
    """One network: what it is, what it takes, what it scores against the slow images or the averages that it has learned from."""
    side_px = min(stack_of(session, _tests(session)[0]).frames.shape[1:])
    step, frame = gflop(settings, side_px)
    weights = sum(each.numel() for each in new_network(settings).parameters())
    return {
        "denoiser": denoiser,
        "network": settings.network,
        "width": settings.width,
        "start_from": settings.start_from or "nothing",
        "steps": settings.steps,
        "weights_thousand": round(weights / 1000),
        "gflop_a_step": round(step, 2),
        "gflop_a_frame": round(frame, 2),
        "tflop_of_training": round(step * settings.steps / 1000, 1),
        "target": settings.target,
        "psnr_affine_db": round(psnr_db, 2),
    }


def trained_rows(session: Path) -> list[dict[str, object]]:
    """The networks of a finished session, with the mean of the scores of its test fields."""
    table = pd.read_csv(session / "evaluation/denoising.csv")
    rows = []
    for folder in sorted(path.parent for path in session.glob(f"models/*/{CARD}")):
        if folder.name != "bm3d":
            settings = load_model(folder).settings
            own = table[(table["denoiser"] == folder.name) & (table["reference"] == settings.target)]
            rows.append(row(session, folder.name, settings, float(own["psnr_affine_db"].mean())))
    return rows


def budgeted_row(session: Path, width: int, budget_tflop: float) -> dict[str, object]:
    """The default network of a width, trained from nothing for as many steps as the budget allows."""
    changes = {"width": width, "start_from": "nothing"}
    settings = denoiser_settings(BUDGETED, changes)
    assert isinstance(settings, NetworkSettings)
    steps = max(1, round(1000 * budget_tflop / gflop(settings, settings.patch_size_px)[0]))
    settings = denoiser_settings(BUDGETED, changes | {"steps": steps})
    assert isinstance(settings, NetworkSettings)
    judged = {field: stack_of(session, field).frames[:FRAMES] for field in _tests(session)}
    _, _, images = denoised_by(session, f"{BUDGETED},width={width},start_from=nothing", steps, judged)
    found = pd.DataFrame([each for field in judged for each in scores(session, field, images[field])])
    own = found[found["reference"] == settings.target]
    return row(session, BUDGETED, settings, float(np.mean(own["psnr_affine_db"])))


def _tests(session: Path) -> list[str]:
    return sorted(path.name for path in (session / "pairs").glob("test*"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path, nargs="?", default=Path("results/demo"))
    parser.add_argument("--budget-tflop", type=float, default=0.0, help="operations of each training of the smaller networks; 0 for none")
    parser.add_argument("--widths", type=int, nargs="+", default=[12, 24, 48])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = trained_rows(arguments.session)
    if arguments.budget_tflop:
        rows += [budgeted_row(arguments.session, width, arguments.budget_tflop) for width in arguments.widths]
    record_table("network_operations", pd.DataFrame(rows).assign(session=arguments.session.name), KEYS)


if __name__ == "__main__":
    main()
