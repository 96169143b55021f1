"""How long the jobs of a session took, in its report."""

from pathlib import Path

import pytest

from rapidstem.report.session_record import job_times
from tests.unit.report_session import RAPID, SERIES, contents


def test_times_are_summed_by_rule_and_a_rule_whose_jobs_all_failed_has_none(tmp_path: Path) -> None:
    (tmp_path / "align_series/series").mkdir(parents=True)
    (tmp_path / "integrate_frames").mkdir()
    for name, seconds, memory in (("slow", 2.0, 300.0), ("rapid", 3.5, 200.0)):
        (tmp_path / f"align_series/series/{name}.tsv").write_text(f"s\tmax_rss\n{seconds}\t{memory}\n")
    (tmp_path / "write_report.tsv").write_text("s\tmax_rss\n1.0\t100.0\n")
    times = job_times(tmp_path, {"series", "slow", "rapid"}).set_index("rule")
    assert list(times.index) == ["align_series", "write_report"]
    assert times.loc["align_series"].to_list() == [2, pytest.approx(5.5), 300.0]
    assert job_times(tmp_path / "nowhere", ()).empty


def test_times_are_those_of_the_acquisitions_and_filters_of_the_session(tmp_path: Path) -> None:
    subjects = contents(left_out=["lost"]).subjects
    own = ["denoise_frames/net/a", f"align_series/{SERIES}/{RAPID}", f"reconstruct_volume/{SERIES}/slow.odd.blocks/3"]
    own += [
        f"measure_bound/{SERIES}/rapid-net",
        "train_denoiser/net",
        "integrate_frames/lost",
        "simulate_fields/40",
        "run_point/dose~2/seed~1",
    ]
    gone = ["denoise_frames/earlier/a", f"align_series/{SERIES}/rapid-earlier", "train_denoiser/earlier", "integrate_frames/earlier-field"]
    for name in [*own, *gone]:
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("s\tmax_rss\n1.0\t100.0\n")
    times = job_times(tmp_path, subjects)
    assert set(times["rule"]) == {name.split("/")[0] for name in own} and (times["jobs"] == 1).all()
