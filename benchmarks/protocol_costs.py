"""What the papers' protocols at full scale cost, extrapolated from finished sessions: the last table of `docs/scale.md`.

    python -m benchmarks.protocol_costs config/config.yaml config/examples/in_situ.yaml

The sessions of these configurations must be finished; their benchmark files give the processor time and memory of every rule. Time is
multiplied by the work of a rule: frames times pixels, voxels, operations of the network. Memory grows with the pixels of a frame,
that of a training with the pixels of all its frames. Disk is that of uncompressed files.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.job_costs import LIBRARIES_MB, job_costs
from benchmarks.measured_tables import record_table
from rapidstem.denoising.networks.architectures import new_network
from rapidstem.denoising.settings import BlockMatchingSettings, NetworkSettings
from rapidstem.microscope.settings import MicroscopeSettings, settings_from
from rapidstem_workflow.session import Session
from rapidstem_workflow.session_opening import open_session

PROTOCOLS = ("config/papers/zhao2021.yaml", "config/papers/ihara2022.yaml")
CORES = 2
BYTES_A_PIXEL = 2
_TRAINING_TO_PREDICTION = 3.0
_SIDE_PX = 64


class Work:
    """What the rules of a session have to do.

    Parameters
    ----------
    path : of the configuration.
    """

    def __init__(self, path: str) -> None:
        config: dict[str, Any] = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        self.session: Session = open_session(config)
        self.microscope: MicroscopeSettings = settings_from(self.session.config["simulate"])
        self.pixels = self.microscope.size_px**2

    def frames(self, *kinds: str) -> int:
        """Rapid frames of all acquisitions of these kinds."""
        return sum(self._frames_of(name) for name in self.session.acquisitions(*kinds))

    def _frames_of(self, name: str) -> int:
        if name == self.microscope.long_field:
            return self.microscope.frames_per_long_field
        by_kind = {"tilt_series": self.microscope.tilt_frames, "in_situ": self.microscope.in_situ_frames}
        return by_kind.get(self.session.kind(name), self.microscope.frames_per_field)

    def of_rules(self) -> Counter[str]:
        """Amount of work of every rule, in a unit of its own."""
        session, series = self.session, self.session.acquisitions("tilt_series")
        fields = len(session.acquisitions("calibration", "training", "test"))
        variants = sum(len(session.variants(name)) for name in series)
        views = variants * self.microscope.tilt_frames * self.pixels
        voxels = variants * self.pixels * session.config["tomography"]["thickness_nm"] / self.microscope.pixel_size_nm
        scored = len(session.acquisitions("test")) * session.config["evaluation"]["frames"] * self.pixels
        moving = self.frames("in_situ") * self.pixels
        work = Counter(
            simulate_acquisition=(self.frames() + self.frames("tilt_series")) * self.pixels,
            integrate_frames=self.frames("calibration", "training", "test") * self.pixels,
            compare_integrations=fields * self.pixels,
            align_references=fields * self.pixels,
            align_series=views,
            binarise_series=views,
            reconstruct_volume=voxels * self.microscope.tilt_frames,
            **dict.fromkeys(("locate_centroids", "trace_lines", "measure_resolution"), voxels),
            **dict.fromkeys(("score_images", "draw_field"), scored * (1 + len(session.denoisers))),
            **dict.fromkeys(("align_in_situ", "film_in_situ"), moving),
        )
        return work + self._of_filters(scored, moving)

    def _of_filters(self, scored: float, moving: float) -> Counter:
        work: Any = Counter()
        for name in self.session.denoisers:
            settings = self.session.settings_of(name)
            if isinstance(settings, BlockMatchingSettings):
                trials = len(settings.noise_models) * len(settings.variance_factors) * settings.tuning_fields
                work.update(tune_block_matching=trials * self.pixels, match_blocks=round(scored))
                continue
            effort = operations_a_pixel(settings)
            reconstructed = self.frames("tilt_series") * self.pixels * (name in self.session.config["tomography"]["denoisers"])
            trained = settings.steps * settings.batch_size * settings.patch_size_px**2
            work["train_denoiser"] += round(trained * effort * _TRAINING_TO_PREDICTION)
            work["denoise_frames"] += round((scored + reconstructed) * effort * (1 + settings.flip_averaging))
            work["denoise_in_situ"] += round(moving * effort * (1 + settings.flip_averaging)) * (name in self.session.in_situ_denoisers)
        return work

    def raw_gb(self) -> float:
        """Size of the raw files: 16 bits a pixel, rapid and slow frames."""
        slow = len(self.session.acquisitions("calibration", "training", "test", "in_situ")) + self.frames("tilt_series")
        return (self.frames() + slow) * self.pixels * BYTES_A_PIXEL / 1e9

    def results_gb(self) -> float:
        """Size of the results in 32 bits a pixel: averages and references, denoised and aligned frames, volumes and their halves."""
        session = self.session
        fields = 3 * len(session.acquisitions("calibration", "training", "test"))
        scored = len(session.acquisitions("test")) * session.config["evaluation"]["frames"] * len(session.denoisers)
        variants = sum(len(session.variants(name)) for name in session.acquisitions("tilt_series"))
        moving = self.frames("in_situ") * len(session.in_situ_denoisers)
        images = fields + scored + moving + 3 * variants * self.microscope.tilt_frames
        depth = session.config["tomography"]["thickness_nm"] / self.microscope.pixel_size_nm
        return (images + 3 * variants * depth) * self.pixels * 4 / 1e9


def operations_a_pixel(settings: NetworkSettings) -> float:
    """Floating-point operations of a network for one pixel."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        new_network(settings).eval()(torch.zeros(1, 1, _SIDE_PX, _SIDE_PX))
    return counter.get_total_flops() / _SIDE_PX**2


def extrapolated(sessions: list[Work], protocol: Work) -> pd.DataFrame:
    """Processor hours and memory of every rule of a protocol; rules of which the sessions had no work are left out."""
    costs = [job_costs(Path(each.session.folder)) for each in sessions]
    done: Counter[str] = sum((each.of_rules() for each in sessions), Counter())
    wanted, rows = protocol.of_rules(), []
    for rule in (rule for rule in wanted if done[rule]):
        own = [(each, cost.loc[rule]) for each, cost in zip(sessions, costs, strict=True) if rule in cost.index]
        seconds = sum(cost["jobs"] * cost["cpu_s"] for _, cost in own)
        memory = max(memory_mb(rule, cost["memory_mb"], each, protocol) for each, cost in own)
        rows.append({"rule": rule, "cpu_hours": seconds / 3600 * wanted[rule] / done[rule], "memory_mb": memory})
    return pd.DataFrame(rows).sort_values("cpu_hours", ascending=False)


def memory_mb(rule: str, known_mb: float, known: Work, wanted: Work) -> float:
    """Memory of a job of a protocol: a training holds all its frames beside what it needs for a step, all others some frames."""
    if rule == "train_denoiser":
        frames_mb = [each.frames("training") * each.pixels * BYTES_A_PIXEL / 1e6 for each in (known, wanted)]
        return known_mb - frames_mb[0] + frames_mb[1]
    return LIBRARIES_MB + (known_mb - LIBRARIES_MB) * wanted.pixels / known.pixels


def main() -> None:
    """Print the costs of both protocols."""
    sessions = [Work(path) for path in sys.argv[1:] or ["config/config.yaml"]]
    tables, totals = [], []
    for path in PROTOCOLS:
        protocol = Work(path)
        table = extrapolated(sessions, protocol)
        tables.append(table.round(2).assign(protocol=Path(path).stem))
        hours = table["cpu_hours"].sum()
        total = {"protocol": Path(path).stem, "cpu_hours": hours, f"hours_on_{CORES}_cores": hours / CORES}
        total |= {"memory_gb": table["memory_mb"].max() / 1e3, "raw_gb": protocol.raw_gb(), "results_gb": protocol.results_gb()}
        totals.append(total)
    record_table("protocol_costs", pd.concat(tables), ["protocol", "rule"])
    record_table("protocol_costs.totals", pd.DataFrame(totals).round(1), ["protocol"])


if __name__ == "__main__":
    main()
