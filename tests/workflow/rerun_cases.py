"""What runs after which change of the tiny session; `python -m tests.workflow.rerun_cases` writes the table into `docs/reruns.md`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.workflow import session_changes as changes
from tests.workflow.tiny_session import ROOT

PAGE = ROOT / "docs/reruns.md"

Jobs = dict[str, int]

TABLES = {"gather_tables": 1, "draw_scores": 1, "write_report": 1}
COMPARISON = TABLES | {"measure_positions": 1, "draw_positions": 1}
LINES = {"trace_lines": 2, "fit_lines": 2, "draw_lines": 2, "score_lines": 1}
CENTRES = COMPARISON | {"locate_centroids": 2, "score_lines": 1}
VOLUMES = COMPARISON | LINES | {"reconstruct_volume": 6, "locate_centroids": 2, "measure_resolution": 2, "draw_variant": 2}
BINARISED = VOLUMES | {"binarise_series": 2}
ALIGNED = BINARISED | {"align_series": 2}
OF_A_VARIANT = {
    "align_series",
    "binarise_series",
    "locate_centroids",
    "measure_resolution",
    "draw_variant",
    "trace_lines",
    "fit_lines",
    "draw_lines",
}
ONE_SERIES = COMPARISON | dict.fromkeys(OF_A_VARIANT, 1) | {"reconstruct_volume": 3, "score_lines": 1}
FIELD = {"score_images": 1, "draw_field": 1}
DENOISED = ONE_SERIES | FIELD | {"denoise_frames": 2}
TRAINED = DENOISED | {"train_denoiser": 1, "calibrate_intervals": 1}
DISTORTED = TRAINED | {"measure_distortion": 1, "align_references": 3, "draw_distortion": 1}
CHOSEN = {"choose_fields": 1, "draw_choice": 1}
INTEGRATED = {"integrate_frames": 1, "compare_integrations": 1}
MEASURED = DISTORTED | ALIGNED | CHOSEN | {"integrate_frames": 4, "compare_integrations": 1}
WHOLE = MEASURED | {"simulate_acquisition": 5}


@dataclass(frozen=True)
class Case:
    """A change of a finished session, and the jobs that it costs.

    Attributes
    ----------
    changed : what was changed, in words.
    runs : what runs, in words.
    change : makes the change in the folder of a finished session.
    jobs : how many jobs of each rule run.
    own : whether the raw files come from a microscope; the virtual one makes them otherwise.
    """

    changed: str
    runs: str
    change: Callable[[Path], object]
    jobs: Jobs
    own: bool = False


NEW_FIELD = {"simulate_acquisition": 1} | INTEGRATED
REPLACED_FIELD = INTEGRATED | {"align_references": 1}

CASES = [
    Case("nothing", "nothing", changes.nothing, {}),
    Case("a comment in the configuration", "nothing", changes.comment, {}),
    Case("the order of the configuration's keys", "nothing", changes.other_order, {}),
    Case("defaults written out", "the report, which repeats what is written", changes.defaults_written_out, {"write_report": 1}),
    Case("empty lines in the sheet", "nothing", changes.empty_lines, {}),
    Case("the folder in which the session lies", "nothing", changes.other_folder, {}),
    Case(
        "a fresh clone of the code, `results` and `.snakemake` copied into it",
        "everything, as scripts are judged by their date; `snakemake --touch` once says that the results are still right, then nothing",
        changes.cloned,
        WHOLE,
    ),
    Case(
        "a fresh clone of the code, `results` alone copied into it",
        "everything; `snakemake --touch` once says that the results are still right, then nothing",
        changes.cloned_without_memory,
        WHOLE,
    ),
    Case(
        "a new tilt series",
        "its own jobs, and the tables and the report that gather all series; nothing is trained",
        changes.new_row("series-2", "tilt_series", ""),
        ALIGNED | {"simulate_acquisition": 1, "denoise_frames": 1},
    ),
    Case(
        "a new tilt series whose row fills the columns `detector`, `frame_interval` and `started`",
        "the same",
        changes.new_row("series-2", "tilt_series", "", detector="DF-S #2", frame_interval="0.07", started="2021-06-01T14:30:00"),
        ALIGNED | {"simulate_acquisition": 1, "denoise_frames": 1},
    ),
    Case(
        "`started` in the row of a tilt series",
        "the matching with an earlier sweep of the same field, where there is one",
        changes.new_columns("series", started="2021-06-01T14:30:00"),
        {},
    ),
    Case(
        "a new training field",
        "its own jobs, the choice of fields, the training, and all that the network denoises",
        changes.new_row("train-c", "training", "20"),
        TRAINED | CHOSEN | NEW_FIELD | {"align_references": 1},
    ),
    Case(
        "a new test field",
        "its own jobs, and the tables and the report that gather all fields",
        changes.new_row("test-b", "test", "20"),
        TABLES | FIELD | NEW_FIELD | {"align_references": 1, "denoise_frames": 1},
    ),
    Case(
        "a new calibration field",
        "its own jobs, the distortion, and all that is corrected with it",
        changes.new_row("calibration-2", "calibration", "0"),
        DISTORTED | NEW_FIELD,
    ),
    Case("`simulate`", "everything", changes.new_value("simulate", "seed", value=4), WHOLE),
    Case("`reading`", "everything but the simulation", changes.new_value("reading", "dwell_time_s", value=1e-6), MEASURED),
    Case(
        "`distortion.method`, `.feature_width_nm`",
        "the distortion, and all that is corrected with it: training, denoising, the rapid series",
        changes.new_value("distortion", "method", value="ihara"),
        DISTORTED,
    ),
    Case(
        "`training`",
        "the choice of fields, the training, and all that the network denoises",
        changes.new_value("training", "largest_histogram_distance", value=3.0),
        TRAINED | CHOSEN,
    ),
    Case("a setting of a denoiser", "its training, and all that it denoises", changes.new_value("denoisers", "steps", value=59), TRAINED),
    Case(
        "`tomography.thickness_nm`, `.tilt_axis`, `.alignment_features`, `.alignment_fallback`, `.frame_motion`",
        "the alignment of every series, and what follows",
        changes.new_value("tomography", "thickness_nm", value=310),
        ALIGNED,
    ),
    Case(
        "`tomography.line_width_nm`",
        "the alignment of every series, and what follows; the scores of the test fields",
        changes.new_value("tomography", "line_width_nm", value=14.0),
        ALIGNED | FIELD,
    ),
    Case(
        "`tomography.rapid_angle_sigma_deg`",
        "the alignment of the rapid series, and what follows",
        changes.new_value("tomography", "rapid_angle_sigma_deg", value=2.0),
        ONE_SERIES,
    ),
    Case(
        "`tomography.geometry`, the other one",
        "the alignment of the rapid series, and what follows",
        changes.new_value("tomography", "geometry", value="per-frame"),
        ONE_SERIES,
    ),
    Case(
        "`tomography.geometry`, a second one beside the first",
        "the rapid series in the second geometry, and the comparison of the centres",
        changes.new_value("tomography", "geometry", value=["per-row", "per-frame"]),
        COMPARISON | {"align_series": 1, "binarise_series": 1, "reconstruct_volume": 3, "locate_centroids": 1},
    ),
    Case(
        "`tomography.binarisation`",
        "the binarised series, and what follows",
        changes.new_value("tomography", "binarisation", value="hard"),
        BINARISED,
    ),
    Case(
        "`tomography.iterations`, `.reconstruction`, `.margin_nm`, `.device`",
        "the volumes, and what follows",
        changes.new_value("tomography", "iterations", value=10),
        VOLUMES,
    ),
    Case(
        "`tomography.slice_blocks`",
        "the volumes in other parts, and what follows; the numbers stay the same",
        changes.new_value("tomography", "slice_blocks", value=2),
        VOLUMES | {"reconstruct_volume": 12, "gather_volume": 6},
    ),
    Case(
        "`crystal`",
        "the lines, their figures and scores",
        changes.new_value("crystal", value={"x": [2, 0, 0], "z": [0, 1, 3]}),
        TABLES | {"fit_lines": 2, "draw_lines": 2, "score_lines": 1, "draw_positions": 1},
    ),
    Case(
        "`evaluation.frames`",
        "the frames of the test fields, and their scores",
        changes.new_value("evaluation", "frames", value=3),
        TABLES | FIELD | {"denoise_frames": 1},
    ),
    Case(
        "`evaluation.pairing_radius_nm`",
        "the comparison of the positions",
        changes.new_value("evaluation", "pairing_radius_nm", value=30),
        COMPARISON,
    ),
    Case(
        "a module that one stage uses: `dislocations/centroids.py`",
        "that stage, and what follows",
        changes.edited("rapidstem/dislocations/centroids.py"),
        CENTRES,
    ),
    Case(
        "a module that several stages use: `tomography/tilt_geometry.py`",
        "the stages that import it, directly or through others, and what follows",
        changes.edited("rapidstem/tomography/tilt_geometry.py"),
        ALIGNED,
    ),
    Case("a module that all stages use: `files/atomic.py`", "everything", changes.edited("rapidstem/files/atomic.py"), WHOLE),
    Case("a script: `binarise_series.py`", "its rule, and what follows", changes.edited("scripts/binarise_series.py"), BINARISED),
    Case("the template of the report", "the report", changes.edited("rapidstem/report/page.html.j2"), {"write_report": 1}),
    Case(
        "a raw file copied anew or touched, its content the same",
        "nothing",
        changes.touched("raw/train-a.rapid.emd"),
        {},
        own=True,
    ),
    Case(
        "a training field's raw file replaced by another",
        "its own jobs, the choice of fields, the training, and all that the network denoises",
        changes.replaced("raw/train-a.rapid.emd", "raw/train-b.rapid.emd"),
        TRAINED | CHOSEN | REPLACED_FIELD,
        own=True,
    ),
    Case(
        "a test field's slow image replaced by another",
        "its own jobs, and the tables and the report",
        changes.replaced("raw/test-a.slow.emd", "raw/train-b.slow.emd"),
        TABLES | FIELD | {"align_references": 1, "draw_distortion": 1},
        own=True,
    ),
    Case(
        "a tilt series' slow frames replaced by others",
        "that series, and the tables and the report",
        changes.replaced("raw/series.slow.emd", "raw/series.rapid.emd"),
        ONE_SERIES,
        own=True,
    ),
    Case("a result touched, its content the same (up to 1 MB)", "nothing", changes.touched("results/tiny/dcfi/train-a.ome.tif"), {}),
    Case(
        "a result deleted, while what was made from it is there",
        "nothing, so that large files may go; `snakemake FILE` makes it again",
        changes.deleted("denoised/dlf-slow/series.ome.tif"),
        {},
    ),
    Case("the report deleted", "the report", changes.deleted("report.html"), {"write_report": 1}),
    Case("a log deleted", "nothing", changes.deleted("logs/train_denoiser/dlf-slow.log"), {}),
]


def table() -> str:
    """The table of the documentation."""
    whole = sum(WHOLE.values())
    rows = [f"| {case.changed} | {case.runs} | {sum(case.jobs.values())} of {whole} |" for case in CASES]
    return "\n".join(["| I changed … | … what runs? | jobs of the test's session |", "|---|---|---|", *rows])


def page(text: str) -> str:
    """The documentation with its table replaced by the current one."""
    return re.sub(r"(?m)^\| I changed[^\n]*\n(\|[^\n]*\n)+", lambda _: table() + "\n", text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
