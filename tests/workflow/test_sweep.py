"""A sweep: which points it has, what they set, and a small one run to its end, a point that cannot be finished among them."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from rapidstem.errors import InputError
from rapidstem.files.job_logs import UNKNOWN_REASON, FailedJob
from rapidstem_workflow.session_opening import open_session
from rapidstem_workflow.sweep_points import (
    base_labels,
    point_acquisitions,
    point_configuration,
    point_table,
    point_text,
    sweep_points,
)
from rapidstem_workflow.sweep_session import (
    SCRIPTS,
    check_points,
    failure_words,
    main as run_point,
    point_row,
    rapid_variant,
    result_files,
    with_absolute_paths,
    write_session as write_point,
)
from tests.workflow.tiny_session import ROOT, counted_jobs, planned_jobs, sheet_text, snakemake, write_session

ACQUISITIONS = [("calibration", "calibration", "0"), ("series", "tilt_series", "")]


def _configuration() -> dict[str, Any]:
    return {
        "session": "tiny",
        "acquisitions": "config/acquisitions.tsv",
        "simulate": {"size_px": 128, "frames_per_field": 8, "electrons_per_px": 20, "tilt_frames": 31, "slow_tilt_step_deg": 5},
        "denoisers": [{"name": "general"}],
        "tomography": {"denoisers": ["general"], "iterations": 20},
        "sweep": {
            "seeds": [3],
            "factors": {
                "electrons_per_px": {"values": [0.05, 20], "sets": ["simulate.electrons_per_px"]},
                "frames": {"values": [21, 31], "sets": ["simulate.tilt_frames"]},
            },
        },
    }


def _opened(tmp_path: Path, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    write_session(tmp_path, config, sheet_text(ACQUISITIONS))
    monkeypatch.chdir(tmp_path)
    return open_session(config)


def test_each_point_stands_once_and_the_base_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _configuration()
    config["sweep"] |= {"seeds": [3, 4], "pairs": [["electrons_per_px", "frames"]]}
    session = _opened(tmp_path, config, monkeypatch)
    table = point_table(sweep_points(session.config))
    assert len(table) == 8 and not table.duplicated().any()
    assert table[table["seed"] == "3"].drop(columns="seed").to_numpy().tolist() == [
        ["base", "none", "none", "none"],
        ["electrons_per_px", "0.05", "none", "none"],
        ["frames", "21", "none", "none"],
        ["electrons_per_px", "0.05", "frames", "21"],
    ]
    assert base_labels(session.config) == {"electrons_per_px": "20", "frames": "31"}


def test_a_point_sets_its_keys_its_seed_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _configuration()
    config["sweep"]["factors"] = {
        "thickness": {"values": [100, 300], "sets": ["simulate.foil_thickness_nm", "tomography.thickness_nm"]},
        "range": {"values": [40], "sets": {"simulate.tilt_start_deg": [-40], "simulate.tilt_stop_deg": [40]}},
        "training_fields": {"values": [0, 7], "sets": ["training_fields"]},
    }
    session = _opened(tmp_path, config, monkeypatch)
    points = {(point.factor, point.value): point for point in sweep_points(session.config)}
    thin = point_configuration(session.config, points["thickness", "100"])
    assert thin["simulate"] == session.config["simulate"] | {"foil_thickness_nm": 100, "seed": 3}
    assert thin["tomography"] == session.config["tomography"] | {"thickness_nm": 100} and "sweep" not in thin
    narrow = point_configuration(session.config, points["range", "40"])
    assert (narrow["simulate"]["tilt_start_deg"], narrow["simulate"]["tilt_stop_deg"]) == (-40, 40)
    trained = points["training_fields", "7"]
    assert point_configuration(session.config, trained)["denoisers"] == [{"name": "dlf-slow"}]
    rows = pd.DataFrame(point_acquisitions(session.sheet, trained))
    assert rows["kind"].value_counts().to_dict() == {"training": 7, "calibration": 1, "tilt_series": 1}
    assert list(rows["tilt"][rows["kind"] == "training"]) == ["70", "0", "60", "40", "20", "70", "0"]
    assert ("training_fields", "0") not in points
    assert session.config["simulate"] == _configuration()["simulate"]


@pytest.mark.parametrize(
    "change",
    [
        {"live": {"source": "", "patience_s": 7}},
        {"in_situ": {"denoisers": None, "last_frames": 7}},
        {"evaluation": {"frames": 1}},
        {"training": {"similar_to": "series"}},
        {"general": {"fields": 7}},
        {"results": {"volumes": ["mrc", "ome-zarr"]}},
        {"leave_out": ["train-a"]},
        {"session": "other"},
        {"acquisitions": "config/other.tsv"},
    ],
)
def test_what_no_point_uses_runs_no_point_again(change: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for config in (_configuration(), _configuration() | change):
        write_session(tmp_path, config, sheet_text([*ACQUISITIONS, ("train-a", "training", "0")], config["session"]))
        shutil.copy(tmp_path / "config/acquisitions.tsv", tmp_path / "config/other.tsv")
        monkeypatch.chdir(tmp_path)
        session = open_session(config)
        found.append(point_text(session.config, session.sheet, sweep_points(session.config)[0]))
    assert found[0] == found[1]


def test_a_point_that_trains_the_general_filter_keeps_its_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _configuration() | {"denoisers": [{"name": "general", "model": ""}], "general": {"fields": 4}}
    session = _opened(tmp_path, config, monkeypatch)
    assert point_configuration(session.config, sweep_points(session.config)[0])["general"]["fields"] == 4


TRAINED = {"denoisers": [{"name": "dlf-slow"}], "tomography": {"denoisers": ["dlf-slow"]}}


def test_a_sweep_whose_filter_cannot_be_trained_is_refused_before_any_job(tmp_path: Path) -> None:
    """As the configuration of the demo with a sweep beneath it; a factor that names training fields leaves the base without any."""
    write_session(tmp_path, _configuration() | TRAINED, sheet_text([*ACQUISITIONS, ("train-a", "training", "0")]))
    run = snakemake(tmp_path, "sweep", "--dry-run")
    said = run.stdout + run.stderr
    assert run.returncode != 0 and "(most recent call last)" not in said
    assert "the point base cannot be run" in said and "training_fields" in said and "name 'general'" in said
    assert planned_jobs(tmp_path)["train_denoiser"] == 1, "the session itself runs"


def test_a_sweep_runs_where_acquisitions_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _configuration() | {"leave_out": ["calibration-2"]}
    write_session(tmp_path, config, sheet_text([*ACQUISITIONS, ("calibration-2", "calibration", "0")]))
    monkeypatch.chdir(tmp_path)
    session = open_session(config)
    check_points(sweep_points(session.config), session.config, session.sheet)


def test_a_point_that_cannot_be_opened_leaves_a_row_that_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _configuration() | {"denoisers": [{"name": "general"}, {"name": "dlf-slow"}]}
    write_session(tmp_path, config, sheet_text([*ACQUISITIONS, ("train-a", "training", "0")]))
    monkeypatch.chdir(tmp_path)
    session = open_session(config)
    point = sweep_points(session.config)[0]
    config, acquisitions = point_configuration(session.config, point), point_acquisitions(session.sheet, point)
    run_point(point.labels, config, acquisitions, tmp_path / "session", tmp_path / "row.csv")
    assert "there is no row of kind 'training'" in pd.read_csv(tmp_path / "row.csv").loc[0, "said"]
    assert not (tmp_path / "session").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pairs": [["frames", "dose"]]}, "dose is none of the factors"),
        ({"factors": {"dose": {"values": [1, 2], "sets": {"simulate.seed": [1]}}}}, "simulate.seed needs 2 values"),
        ({"factors": {"steps": {"values": [-3], "sets": ["tomography.iterations"]}}}, "tomography.iterations"),
        ({"factors": {"typing": {"values": [3], "sets": ["tomography.iteration"]}}}, "iteration"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused(
    change: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _configuration()
    config["sweep"] |= change
    session = _opened(tmp_path, config, monkeypatch)
    with pytest.raises(InputError, match=words):
        sweep_points(session.config)


def test_a_value_in_its_short_form_is_the_base_where_its_long_form_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _configuration()
    config["sweep"]["factors"] = {"geometry": {"values": ["per-row", "per-frame"], "sets": ["tomography.geometry"]}}
    session = _opened(tmp_path, config, monkeypatch)
    assert base_labels(session.config) == {"geometry": "per-row"}
    points = {(point.factor, point.value): point for point in sweep_points(session.config)}
    assert set(points) == {("base", "none"), ("geometry", "per-frame")}
    assert point_configuration(session.config, points["geometry", "per-frame"])["tomography"]["geometry"] == ["per-frame"]


def test_a_row_is_of_one_variant_where_the_session_has_several(tmp_path: Path) -> None:
    config = {"tomography": {"denoisers": ["dlf-slow", "dlf-slow-2"], "geometry": ["per-frame", "per-row"]}}
    rapid = rapid_variant(config)
    files = result_files(config)
    variants = [f"rapid-{name}{end}" for name in ("dlf-slow", "dlf-slow-2") for end in ("-calibrated", "", "-per-row")]
    pairs = [(variant, against) for variant in variants for against in ("truth", "slow")] + [("slow", "truth")]
    compared = pd.DataFrame(pairs, columns=["variant", "against"]).assign(value=range(len(pairs)))
    errors = compared.merge(pd.DataFrame({"axis": list("xyz")}), how="cross").assign(paired_percent=90.0)
    shares = compared.assign(place="all", found_percent=compared["value"], real_percent=99.0)
    tables = {
        "positional_error": errors.rename(columns={"value": "mean_abs_nm"}),
        "line_detection": shares,
        "line_identity": compared.assign(true_lines=9, one_to_one=compared["value"]),
        "bound": pd.concat([pd.DataFrame({"axis": list("xyz"), "known": known}) for known in ("geometry", "geometry and lines")]).assign(
            mean_abs_nm=0.5, paired_percent=95.0, angle_rms_deg=0.1
        ),
        "angles": pd.DataFrame({"used": [1, 0]}),
    }
    for name, path in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        tables[name].to_csv(tmp_path / path, index=False)
    row = point_row(tmp_path, files, rapid)
    wanted = compared.set_index(["variant", "against"])["value"]
    assert rapid == "rapid-dlf-slow"
    assert (row["x_nm"], row["against_slow_x_nm"], row["slow_z_nm"]) == (
        wanted[rapid, "truth"],
        wanted[rapid, "slow"],
        wanted["slow", "truth"],
    )
    assert (row["found_percent"], row["one_to_one"], row["frames_used_percent"]) == (wanted[rapid, "truth"], wanted[rapid, "truth"], 50)


@pytest.mark.parametrize(
    ("denoisers", "changes", "runs"),
    [
        ([{"name": "dlf-slow"}], {"tomography": {"slice_blocks": 2}}, {"train_denoiser", "choose_fields", "gather_volume"}),
        ([{"name": "bm3d"}, {"name": "general"}], {}, {"tune_block_matching", "match_blocks", "adopt_model"}),
        ([{"name": "neighbours"}], {}, {"denoise_by_neighbours"}),
        ([{"name": "general", "model": ""}], {"general": {"fields": 4}}, {"simulate_fields", "train_general"}),
    ],
)
def test_scripts_of_a_points_session_are_known(
    denoisers: list[dict[str, Any]], changes: dict[str, Any], runs: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a change of any of them reruns the points."""
    config = _configuration() | {key: value for key, value in changes.items() if key != "tomography"}
    config |= {"denoisers": denoisers}
    names = {"denoisers": [each["name"] for each in denoisers], "geometry": ["per-row", "per-frame"]}
    config["tomography"] = {"iterations": 20, **names, **changes.get("tomography", {})}
    training = [("train-a", "training", "0"), ("train-b", "training", "60")]
    write_session(tmp_path, config, sheet_text([*ACQUISITIONS, *training]))
    monkeypatch.chdir(tmp_path)
    session = open_session(config)
    point = point_configuration(session.config, sweep_points(session.config)[0])
    rows = session.sheet[["acquisition", "kind", "tilt"]].astype(str).replace("nan", "").to_dict("records")
    write_point(tmp_path / "point", point, rows)
    run = snakemake(tmp_path / "point", *result_files(point).values(), "--dry-run", config=tmp_path / "point/config.yaml")
    planned = set(counted_jobs(run))
    assert runs <= planned <= set(SCRIPTS)


def test_a_points_session_finds_the_files_of_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETWORKS", "networks")
    for name in ("networks", "general"):
        (tmp_path / name).mkdir()
    for name in ("networks/foil.data", "map.csv"):
        (tmp_path / name).touch()
    config = {"simulate": {"network_path": "$NETWORKS/foil.data"}, "distortion": {"map": "map.csv"}}
    config |= {"denoisers": [{"name": "dlf-slow", "model": "networks"}, {"name": "general", "model": "general"}]}
    own = with_absolute_paths(config)
    assert own["simulate"]["network_path"] == str(tmp_path / "networks/foil.data")
    assert own["distortion"]["map"] == str(tmp_path / "map.csv")
    assert [denoiser["model"] for denoiser in own["denoisers"]] == [str(tmp_path / "networks"), "general"]
    assert with_absolute_paths({"denoisers": [{"name": "general"}]}) == {"denoisers": [{"name": "general"}]}


def test_a_stopped_session_leaves_no_row() -> None:
    told = FailedJob("align_series", "series/slow", "series", Path("log"), "too few lines", True)
    assert failure_words([told]) == "align_series: too few lines"
    assert failure_words([told, FailedJob("trace_lines", "series/slow", "", Path("log"), UNKNOWN_REASON, False)]) == ""
    assert failure_words([]) == ""


def test_the_example_has_eight_factors_of_five_values_and_three_seeds() -> None:
    config = yaml.safe_load((ROOT / "config/examples/sweep.yaml").read_text(encoding="utf-8"))["sweep"]
    assert sum(len(entry["values"]) >= 5 for entry in config["factors"].values()) >= 8 and len(config["seeds"]) >= 3


def test_a_small_sweep_ends_with_a_row_a_point_and_a_map(tmp_path: Path) -> None:
    write_session(tmp_path, _configuration(), sheet_text(ACQUISITIONS))
    run = snakemake(tmp_path, "sweep")
    assert run.returncode == 0, run.stdout + run.stderr
    folder = tmp_path / "results/tiny"
    points = pd.read_csv(folder / "sweep/points.csv").set_index(["factor", "value"])
    assert len(points) == 3
    base, failed = points.loc[("base", "none")], points.loc[("electrons_per_px", "0.05")]
    assert base[["x_nm", "y_nm", "z_nm"]].max() < 10 and base["found_percent"] > 70 and base["angle_rms_deg"] < 1
    assert base["lines_known_z_nm"] < 1.2 * base["z_nm"]
    assert pd.isna(base["said"]) and ":" in failed["said"] and pd.isna(failed["x_nm"])
    limits = pd.read_csv(folder / "sweep/limits.csv").set_index(["factor", "quantity"])
    assert limits.loc[("electrons_per_px", "z_nm"), "failed"] == 1
    assert (folder / "figures/sweep-errors.png").is_file()
    assert not list((folder / "sweep").rglob("*.session"))
    assert snakemake(tmp_path, "sweep", "--dry-run").stdout.count("run_point") == 0
