"""What the jobs of a finished session have cost, and what a larger one would: the figures of `docs/scale.md`.

    python -m benchmarks.job_costs results/demo

Processor time and memory come from the benchmark files of the session, disk from its results. The plans multiply them: jobs by the number
of acquisitions; time, disk and what a job holds of its input by the number of pixels. What does not grow with the input (Python and its
libraries, 130 MB) is left as it is.
"""

import sys
from pathlib import Path

import mrcfile
import pandas as pd

from benchmarks.measured_tables import record_table

LIBRARIES_MB = 130.0
# rules of which there is one job for each field of view, and for each variant of a tilt series
FIELD_RULES = ("integrate_frames", "align_references")
SERIES_RULES = ("align_series", "binarise_series")
VOLUME_RULES = ("reconstruct_volume", "locate_centroids", "measure_resolution", "trace_lines")
_MB = 1e6


def job_costs(results: Path) -> pd.DataFrame:
    """One row a rule: its jobs, the mean processor time, the largest memory."""
    rows = []
    for rule in sorted((results / "benchmarks").iterdir()):
        files = [rule] if rule.is_file() else sorted(rule.rglob("*.tsv"))
        table = pd.concat([pd.read_csv(path, sep="\t", na_values="-") for path in files], ignore_index=True)
        cost = {"jobs": len(table), "cpu_s": table["cpu_time"].mean(), "memory_mb": table["max_rss"].max()}
        rows.append({"rule": rule.stem, **cost})
    return pd.DataFrame(rows).set_index("rule")


def voxels(results: Path) -> int:
    """Voxels of a volume of the session."""
    with mrcfile.open(next((results / "tomograms").rglob("slow.mrc")), header_only=True) as file:
        return int(file.header.nx) * int(file.header.ny) * int(file.header.nz)


def disk_mb(folder: Path, pattern: str = "*") -> float:
    """Size of the files of a folder, all levels below it among them."""
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file()) / _MB


def plan(costs: pd.DataFrame, rules: tuple[str, ...], acquisitions: int, pixels: float) -> pd.DataFrame:
    """Jobs, processor hours and memory of some rules for so many acquisitions with so many times the pixels."""
    chosen = costs.loc[[rule for rule in rules if rule in costs.index]]
    memory_mb = LIBRARIES_MB + pixels * (chosen["memory_mb"] - LIBRARIES_MB).clip(lower=0)
    hours = acquisitions * pixels * chosen["cpu_s"] / 3600
    return pd.DataFrame({"jobs": acquisitions, "cpu_hours": hours, "memory_mb": memory_mb})


def main() -> None:
    """Print the costs of a session and the two plans."""
    results = Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo")
    costs = job_costs(results)
    session = {"session": results.name}
    record_table("job_costs", costs.round(1).reset_index().assign(**session), ["session", "rule"])
    folders = ("raw", "dcfi", "pairs", "denoised", "tilt_series", "tomograms", "figures")
    disk = pd.DataFrame([session | {"folder": name, "disk_mb": round(disk_mb(results / name))} for name in folders])
    record_table("job_costs.disk", disk, ["session", "folder"])
    fields = len(list((results / "dcfi").glob("*.drift.csv")))
    plans = {
        "10,000 fields of 512 x 512 pixels": plan(costs, FIELD_RULES, 10_000, 4.0),
        "a tilt series of 2048 x 2048 pixels": plan(costs, SERIES_RULES, 1, 64.0),
        "a volume of 2048 x 2048 x 2048 voxels": plan(costs, VOLUME_RULES, 1, 2048**3 / voxels(results)),
    }
    rows = pd.concat([table.round(1).reset_index().assign(plan=name, **session) for name, table in plans.items()])
    record_table("job_costs.plans", rows, ["session", "plan", "rule"])
    field_mb = (disk_mb(results / "dcfi") + disk_mb(results / "pairs")) / fields
    print(f"disk: {4 * 10_000 * field_mb / 1e3:.0f} GB of averages and references")
    volume_gb = 4 * 2048**3 / 1e9
    print(f"disk: {volume_gb:.0f} GB for a volume, {3 * volume_gb:.0f} GB with its two halves")


if __name__ == "__main__":
    main()
