"""What the report takes from a session's folder."""

from pathlib import Path

import pytest

from rapidstem.report.session_record import job_times


def test_times_are_summed_by_rule_and_a_rule_whose_jobs_all_failed_has_none(tmp_path: Path) -> None:
    (tmp_path / "align_series/series").mkdir(parents=True)
    (tmp_path / "integrate_frames").mkdir()
    for name, seconds, memory in (("slow", 2.0, 300.0), ("rapid", 3.5, 200.0)):
        (tmp_path / f"align_series/series/{name}.tsv").write_text(f"s\tmax_rss\n{seconds}\t{memory}\n")
    (tmp_path / "write_report.tsv").write_text("s\tmax_rss\n1.0\t100.0\n")
    times = job_times(tmp_path).set_index("rule")
    assert list(times.index) == ["align_series", "write_report"]
    assert times.loc["align_series"].to_list() == [2, pytest.approx(5.5), 300.0]
    assert job_times(tmp_path / "nowhere").empty
