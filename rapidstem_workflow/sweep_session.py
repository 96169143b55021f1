"""One point of a sweep run as a session of its own: its files, Snakemake on them, and the row of the sweep's table.

`python -m rapidstem_workflow.sweep_session POINT FOLDER ROW` is what the rule `run_point` calls: POINT holds the point's labels, its
configuration and its acquisitions as JSON, FOLDER its session while it runs, ROW the table that it ends with. A session that cannot be
opened, or not be finished since its data or the machine's part of them is bad, leaves a row that says why; one that is stopped leaves its
folder, and goes on from there.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import chdir
from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from rapidstem.denoising import GENERAL, NEIGHBOURS
from rapidstem.errors import InputError
from rapidstem.files import UNKNOWN_REASON, FailedJob, write_table
from rapidstem_workflow.run_summary import jobs_failed_since_start
from rapidstem_workflow.session_opening import open_session
from rapidstem_workflow.sweep_points import NONE, SERIES, SweepPoint, point_acquisitions, point_configuration
from rapidstem_workflow.variants import rapid_variants

ROOT = Path(__file__).resolve().parent.parent
SESSION, SLOW, TRUTH = "point", "slow", "truth"
CONFIGURATION, SHEET = "config.yaml", "acquisitions.tsv"
# How the sweep runs its jobs, as options of Snakemake; set by the rules of the sweep.
OPTIONS = "RAPIDSTEM_POINT_OPTIONS"
# What the session of a point may run, and the modules that make of it a row: a change of any of them reruns the points.
SCRIPTS = (
    *("simulate_acquisition", "integrate_frames", "measure_distortion", "align_references", "choose_fields", "simulate_fields"),
    *("train_denoiser", "train_general", "adopt_model", "tune_block_matching", "denoise_frames", "match_blocks", "denoise_by_neighbours"),
    *("align_series", "binarise_series", "reconstruct_volume", "gather_volume", "locate_centroids", "trace_lines", "fit_lines"),
    *("measure_positions", "score_lines", "measure_bound"),
)
MODULES = tuple(f"rapidstem_workflow.{name}" for name in ("sweep_session", "sweep_points", "variants"))
AXES = ("x", "y", "z")
KNOWN = {"geometry_known_": "geometry", "lines_known_": "geometry and lines"}


def write_session(folder: Path, config: Mapping[str, Any], acquisitions: Sequence[Mapping[str, str]]) -> None:
    """Write the configuration and the sheet of a point's session into its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    raw = f"results/{SESSION}/raw/{{acquisition}}"
    rows = [{**each, **{kind: f"{raw.format(**each)}.{kind}.emd" for kind in ("rapid", "slow")}} for each in acquisitions]
    pd.DataFrame(rows).to_csv(folder / SHEET, sep="\t", index=False)
    own = {**with_absolute_paths(config), "session": SESSION, "acquisitions": SHEET}
    (folder / CONFIGURATION).write_text(yaml.safe_dump(own, sort_keys=False), encoding="utf-8")


def with_absolute_paths(config: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a configuration whose files are found from every folder: those that are there, relative to this one."""
    copy = deepcopy(dict(config))
    named = [(copy.get("simulate") or {}, "network_path"), (copy.get("distortion") or {}, "map")]
    named += [(denoiser, key) for denoiser in copy["denoisers"] for key in ("model", "start_from")]
    for section, key in named:
        path = os.path.expandvars(str(section.get(key) or ""))
        if path not in ("", GENERAL) and Path(path).exists():
            section[key] = str(Path(path).absolute())
    return copy


def refusal(folder: Path) -> str:
    """Why the session of a point, as it is written in its folder, cannot be opened; empty where it can."""
    with chdir(folder):
        try:
            session = open_session(yaml.safe_load(Path(CONFIGURATION).read_text(encoding="utf-8")))
        except InputError as error:
            return str(error)
    return "" if session.config["tomography"]["denoisers"] else "tomography.denoisers: is empty; name the filter that the row is about"


def check_points(points: Iterable[SweepPoint], config: Mapping[str, Any], sheet: pd.DataFrame) -> None:
    """See whether the sessions of all points can be opened, before any of them runs.

    Raises
    ------
    InputError
        Naming the first point whose session cannot, and why.
    """
    kinds = {" ".join(list(point.labels.values())[:-1]).replace(f" {NONE}", ""): point for point in points}
    made_of = "calibration fields of the sheet, one tilt series, and as many training fields as a factor sets in 'training_fields'"
    with tempfile.TemporaryDirectory() as folder:
        for kind, point in kinds.items():
            write_session(Path(folder), point_configuration(config, point), point_acquisitions(sheet, point))
            reason = refusal(Path(folder))
            if reason:
                raise InputError(f"sweep: the point {kind} cannot be run. Its session has the {made_of}. {reason}")


def rapid_variant(config: Mapping[str, Any]) -> str:
    """The variant of the rapid series that a point's row is about: its first denoiser, with its first geometry."""
    return rapid_variants(config["tomography"]["denoisers"], config["tomography"]["geometry"])[0].name


def result_files(config: Mapping[str, Any]) -> dict[str, str]:
    """The tables of a point's session that its row is made of, relative to its folder."""
    denoiser, rapid = config["tomography"]["denoisers"][0], rapid_variant(config)
    stems = {name: f"{SERIES}.{name}.csv" for name in ("positional_error", "line_detection", "line_identity")}
    if denoiser not in ("bm3d", NEIGHBOURS):
        stems["bound"] = f"{SERIES}.{rapid}.bound.csv"
    tables = {name: f"results/{SESSION}/evaluation/series/{file}" for name, file in stems.items()}
    return tables | {"angles": f"results/{SESSION}/tilt_series/{SERIES}/{rapid}.angles.csv"}


def run_session(folder: Path, files: Sequence[str]) -> bool:
    """Run Snakemake on a point's session until these files are there; whether it has made them."""
    command = [sys.executable, "-m", "snakemake", *files, "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--configfile", str(folder / CONFIGURATION), "--cores", "1", "--rerun-incomplete", "--nolock", "--quiet"]
    command += shlex.split(os.environ.get(OPTIONS, ""))
    return subprocess.run(command, check=False, stdout=sys.stderr).returncode == 0


def point_row(folder: Path, files: Mapping[str, str], rapid: str) -> dict[str, float]:
    """What a finished session gives: errors in nm, shares in %, the error of the angles, and what was possible."""
    tables = {name: pd.read_csv(folder / path) for name, path in files.items()}
    row: dict[str, float] = {}
    for prefix, names in {"": (rapid, TRUTH), "against_slow_": (rapid, SLOW), "slow_": (SLOW, TRUTH)}.items():
        errors = _compared(tables["positional_error"], names).set_index("axis")
        detection = _compared(tables["line_detection"], names).set_index("place").loc["all"]
        row |= _errors(errors, prefix)
        row |= {f"{prefix}{name}": detection[name] for name in ("found_percent", "real_percent")}
    identity = _compared(tables["line_identity"], (rapid, TRUTH)).iloc[0]
    row |= {"true_lines": identity["true_lines"], "one_to_one": identity["one_to_one"]}
    row["frames_used_percent"] = 100 * tables["angles"]["used"].mean()
    if "bound" in tables:
        row["angle_rms_deg"] = tables["bound"]["angle_rms_deg"].iloc[0]
        for prefix, known in KNOWN.items():
            row |= _errors(tables["bound"][tables["bound"]["known"] == known].set_index("axis"), prefix)
    return row


def failure_words(jobs: Sequence[FailedJob]) -> str:
    """Why a session could not be finished; empty where a job was stopped from outside, so that the point has to run again."""
    told = [job for job in jobs if job.reason != UNKNOWN_REASON]
    return "; ".join(f"{job.rule}: {job.reason}" for job in told) if len(told) == len(jobs) else ""


def main(labels: Mapping[str, str], config: Mapping[str, Any], acquisitions: Sequence[Mapping[str, str]], folder: Path, row: Path) -> None:
    """Run one point and write its row; nothing else stays.

    Raises
    ------
    SystemExit
        The session was stopped, or ended for a reason that none of its jobs has told.
    """
    start = time.monotonic()
    write_session(folder, config, acquisitions)
    said = refusal(folder)
    found: dict[str, Any] = {"said": " ".join(said.split())} if said else _found(folder, config)
    children = os.times()
    spent = {"cpu_s": round(children.children_user + children.children_system, 1), "wall_s": round(time.monotonic() - start, 1)}
    write_table(row, pd.DataFrame([{**labels, **found, **spent}]))
    shutil.rmtree(folder)


def _found(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    files = result_files(config)
    if run_session(folder, list(files.values())):
        return {**point_row(folder, files, rapid_variant(config)), "said": ""}
    said = failure_words(jobs_failed_since_start(folder / f"results/{SESSION}"))
    if not said:
        raise SystemExit(f"{folder}: the session of this point has stopped; the same command goes on with it")
    return {"said": said}


def _compared(table: pd.DataFrame, names: tuple[str, str]) -> pd.DataFrame:
    variant, against = names
    return table[(table["variant"] == variant) & (table["against"] == against)]


def _errors(table: pd.DataFrame, prefix: str) -> dict[str, float]:
    means = {f"{prefix}{axis}_nm": table.loc[axis, "mean_abs_nm"] for axis in AXES}
    return means | {f"{prefix}paired_percent": table["paired_percent"].min()}


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    main(given["labels"], given["config"], given["acquisitions"], Path(sys.argv[2]), Path(sys.argv[3]))
