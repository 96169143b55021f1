"""How far each stage of a finished simulated session is from the truth: `python -m benchmarks.stage_errors results/demo`.

Prints the error of the drift of every field, of the distortion map, and of the angles and shifts of every tilt series. What no image can
tell is removed first: the origin of a field, the common zero of the angles, and the origin of a volume
(dy = a cos t + b sin t, dx constant).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.distortion.column_map import read_map
from rapidstem.microscope.truth import AcquisitionTruth, StackTruth, read_truth

SHIFTS = ["dy_px", "dx_px"]


def drift_error_px(drift: pd.DataFrame, truth: AcquisitionTruth) -> float:
    """Root mean square of the components of the drift's error."""
    error = drift[SHIFTS].to_numpy(float) - truth.rapid.shift_px
    return float(np.sqrt(np.nanmean((error - np.nanmean(error, axis=0)) ** 2)))


def map_error_px(folder: Path, truth: AcquisitionTruth) -> float:
    """Root mean square over all columns; its mean, which the detector's lag and the field's shift set, is removed."""
    return float(np.std(read_map(folder / "distortion/map.csv").slow_px - truth.slow_px))


def series_errors(angles: pd.DataFrame, truth: StackTruth) -> dict[str, float]:
    """Errors of reported and refined angles, of the shifts and of the foil's middle, and the spread of the angles' normalised errors."""
    tilt_rad = np.deg2rad(truth.middle_tilt_deg)
    refined, reported = (angles[name].to_numpy(float) - truth.middle_tilt_deg for name in ("angle_deg", "reported_deg"))
    shift = angles[SHIFTS].to_numpy(float) - truth.shift_px
    origin = np.column_stack([np.cos(tilt_rad), np.sin(tilt_rad)])
    middle = np.linalg.lstsq(origin, shift[:, 0], rcond=None)[0]
    across = shift[:, 0] - origin @ middle
    return {
        "reported_rms_deg": float(np.sqrt(np.mean(reported**2))),
        "reported_largest_deg": float(np.abs(reported).max()),
        "zero_deg": float(refined.mean()),
        "angle_rms_deg": float(refined.std()),
        "normalised_spread": float(((refined - refined.mean()) / angles["sigma_deg"]).std()),
        "dy_rms_px": float(across.std()),
        "dx_rms_px": float(shift[:, 1].std()),
        "foil_middle_px": float(middle[1]),
    }


def main(folder: Path) -> None:
    """Print the tables of one session."""
    fields = [(path.name.split(".")[0], path) for path in sorted((folder / "dcfi").glob("*.drift.csv"))]
    truths = {name: read_truth(folder / f"truth/{name}.h5") for name, _ in fields}
    drift = [{"field": name, "drift_rms_px": drift_error_px(pd.read_csv(path), truths[name])} for name, path in fields]
    record_table("stage_errors.drift", pd.DataFrame(drift).round(3).assign(session=folder.name), ["session", "field"])
    distortion = {"session": folder.name, "map_rms_px": round(map_error_px(folder, truths[fields[0][0]]), 3)}
    record_table("stage_errors.distortion", pd.DataFrame([distortion]), ["session"])
    rows: list[dict[str, str | float]] = []
    for path in sorted((folder / "tilt_series").glob("*/*.angles.csv")):
        variant = path.name.removesuffix(".angles.csv")
        truth = read_truth(folder / f"truth/{path.parent.name}.h5")
        errors = series_errors(pd.read_csv(path), truth.slow if variant == "slow" else truth.rapid)
        rows.append({"series": path.parent.name, "variant": variant, **errors})
    record_table("stage_errors", pd.DataFrame(rows).round(3).assign(session=folder.name), ["session", "series", "variant"])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"))
