"""The tables of a finished session that the report's verdicts are taken from, as small as they can be."""

from pathlib import Path
from typing import Any

import pandas as pd

from rapidstem.frames import COMPARISON_COLUMNS
from rapidstem.report import SessionContents

SERIES, RAPID = "s", "rapid-net"
CONFIGURATION = {
    "denoisers": [{"name": "net"}],
    "distortion": {"method": "spline", "map": None},
    "tomography": {"denoisers": ["net"], "line_width_nm": 10.0, "thickness_nm": 300},
}


def contents(**changes: Any) -> SessionContents:
    """One rapid and one slow series, two fields, the scores of one network and of one that is not reconstructed."""
    values = {
        "session": "small",
        "fields": ["a", "b", "c"],
        "paired_fields": ["a", "b", "c"],
        "compared_fields": ["a", "b", "c"],
        "series": {SERIES: ["slow", RAPID]},
        "shown": {SERIES: ["slow", RAPID]},
        "against_slow": {SERIES: [RAPID]},
        "figures": {"distortion": ["map"], "choice": ["chosen"], "scores": ["losses"]},
        "configuration": CONFIGURATION,
    }
    return SessionContents(**(values | changes))


def write_tables(folder: Path) -> None:
    """Write all tables of `contents`."""
    for field, used, correlation in (("a", 10, 0.9), ("b", 10, 0.8), ("c", 4, 0.1)):
        drift = pd.DataFrame({"used": [number < used for number in range(10)], "residual_px": [0.1] * used + [50.0] * (10 - used)})
        _write(folder, f"dcfi/{field}.drift.csv", drift)
        _write(folder, f"pairs/{field}/field.csv", pd.DataFrame({"correlation": [correlation]}))
    instrument = {"acquisition": ["a", "b", "c"], "dy_rms_px": 0.2, "dx_rms_px": 0.4}
    _write(folder, "dcfi/instrument.csv", pd.DataFrame(instrument, columns=COMPARISON_COLUMNS))
    _write(folder, "distortion/residual.csv", pd.DataFrame({"residual_px": [0.05]}))
    _write(folder, "pairs/choice.csv", pd.DataFrame({"kept": [True, True, True, False]}))
    losses = {"step": [25, 50, 75, 100], "validation_loss": [2.0, 1.2, 1.0, 0.9], "denoiser": "net"}
    _write(folder, "figures/losses.csv", pd.DataFrame(losses))
    lines = {"denoiser": ["net", "net", "net", "other"], "tilt": [0, 70, 70, 70], "reference": "slow"}
    lines |= {"relative_width": [1.01, 1.2, 1.3, 3.0], "relative_intensity": [0.99, 0.9, 0.9, 0.1]}
    _write(folder, "evaluation/lines.csv", pd.DataFrame(lines))
    for variant in ("slow", RAPID):
        _write_variant(folder, variant)
    _write_comparisons(folder)


def _write_variant(folder: Path, variant: str) -> None:
    alignment = {"frames": [71], "frames_used": [71], "rms_residual_px": [0.4], "mean_sigma_deg": [0.08]}
    _write(folder, f"tilt_series/{SERIES}/{variant}.alignment.csv", pd.DataFrame(alignment))
    _write(folder, f"tilt_series/{SERIES}/{variant}.warnings.csv", pd.DataFrame({"warning": []}))
    shells = {"spatial_frequency_per_nm": [0.05, 0.1, 0.15], "correlation": [0.9, 0.5, 0.1], "half_bit": 0.5, "voxels": 100}
    shells = pd.concat([pd.DataFrame(shells | {"direction": direction}) for direction in ("all", "x", "y", "z")])
    _write(folder, f"tomograms/{SERIES}/{variant}.resolution.csv", shells)
    centres = {"plane": "yz", "x_nm": 0.0, "y_nm": [-500.0, 0.0, 500.0], "z_nm": 0.0}
    centres |= {"sigma_x_nm": 0.5, "sigma_y_nm": 0.6, "sigma_z_nm": [0.7, 0.9, 9.0]}
    _write(folder, f"dislocations/{SERIES}/{variant}.centroids.csv", pd.DataFrame(centres))
    summary = {"start_kind": ["inside", "surface", "border", "surface"], "end_kind": ["surface", "inside", "border", "surface"]}
    summary |= {"probability": [1.0, 0.9, 1.0, 1.0], "hidden_percent": [10.0, 20.0, 60.0, 80.0], "hidden_by": [1, 0, 0, 1]}
    summary |= {"exchange_with": [-1, 3, -1, 1], "exchange_odds": [None, 2.0, None, 2.0]}
    _write(folder, f"dislocations/{SERIES}/{variant}.line_summary.csv", pd.DataFrame(summary))
    density = {"slip_plane": ["all", "(111)"], "density_per_m2": [2.5e13, 1e13], "thickness_nm": 300.0}
    _write(folder, f"dislocations/{SERIES}/{variant}.line_density.csv", pd.DataFrame(density))


def _write_comparisons(folder: Path) -> None:
    key = {"acquisition": SERIES, "variant": RAPID, "against": "slow"}
    errors = {"axis": ["x", "y", "z"], "mean_abs_nm": [0.64, 0.78, 5.15], "normalised_rms": [1.0, 1.5, 1.2]}
    errors |= {"paired_percent": [96.0, 97.0, 95.0], "curvature_nm_per_um2": [0.0, 0.0, -8.0], "curvature_sigma_nm_per_um2": 1.0}
    errors = pd.DataFrame(key | errors)
    truth = errors.assign(against="truth", mean_abs_nm=99.0, normalised_rms=99.0, paired_percent=1.0)
    _write(folder, "evaluation/positional_error.csv", pd.concat([errors, truth]))
    identity = pd.DataFrame(key | {"one_to_one": [3], "true_lines": [4], "one_to_one_percent": [75.0]})
    _write(folder, "evaluation/line_identity.csv", pd.concat([identity, identity.assign(against="truth", one_to_one_percent=0.0)]))
    found = pd.DataFrame(key | {"place": ["all"], "found_percent": [98.0], "real_percent": [99.0]})
    _write(folder, "evaluation/line_detection.csv", found)


def _write(folder: Path, name: str, table: pd.DataFrame) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / name, index=False)
