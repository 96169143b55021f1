"""Which rules ask for too little or too much memory, on jobs whose memory is known."""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.declared_memory import compared, needed


def test_the_job_that_comes_nearest_to_what_it_asks_for_is_shown():
    jobs = pd.DataFrame(
        {
            "rule": ["a", "a", "a", "b", "c", "d"],
            "input_mb": [1.0, 100.0, 50.0, 0.0, 0.0, 0.0],
            "asked_mb": [400.0, 1300.0, 900.0, 500.0, 800.0, 300.0],
            "needed_mb": [150.0, 1200.0, np.nan, 510.0, 500.0, np.nan],
        }
    )
    table = compared(jobs).set_index("rule")
    assert table.index.tolist() == ["a", "b", "c"]
    assert table.loc["a", ["jobs", "input_mb", "needed_mb", "asked_mb", "asked_over_needed", "verdict"]].tolist() == [
        2,
        100,
        1200,
        1300,
        1.08,
        "",
    ]
    assert table["verdict"].tolist() == ["", "too little", "too much"]


def test_what_a_job_has_needed_stands_in_its_benchmark_file(tmp_path: Path):
    (tmp_path / "a.tsv").write_text("s\th:m:s\tmax_rss\n1.0\t0:00:01\t120.5\n2.0\t0:00:02\t-\n", encoding="utf-8")
    assert needed(tmp_path / "a.tsv") == 120.5
    (tmp_path / "b.tsv").write_text("s\th:m:s\tmax_rss\n1.0\t0:00:01\t-\n", encoding="utf-8")
    assert np.isnan(needed(tmp_path / "b.tsv")) and np.isnan(needed(tmp_path / "none.tsv"))
