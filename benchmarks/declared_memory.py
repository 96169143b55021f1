"""What the rules ask for beside what their jobs have needed: the memory of every rule of a finished session.

    python -m benchmarks.declared_memory results/demo [config/config.yaml]

What a job has needed stands in the benchmark files of the session, what its rule asks for in the graph of its jobs, which is built anew
without running any. Of each rule the job is shown that comes nearest to what it asks for. A rule should ask for what its job needs at
least, and for no more than 1.3 times as much and what Python and its libraries take (130 MB), whatever the size of the input.
"""

import sys
from pathlib import Path

import pandas as pd
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

from benchmarks.job_costs import LIBRARIES_MB
from benchmarks.measured_tables import ROOT, record_table

LARGEST_SHARE = 1.3
KEYS = ["session", "rule"]


def asked_for(folder: Path, config: Path) -> pd.DataFrame:
    """The jobs of a session that have run: rule, size of the input, memory asked for, and the file that says what was needed."""
    output = OutputSettings(dryrun=True, quiet={Quietness.ALL})
    with SnakemakeApi(output) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=2),
            config_settings=ConfigSettings(configfiles=[config.resolve()]),
            snakefile=ROOT / "Snakefile",
            workdir=folder,
        )
        workflow.dag(DAGSettings(forceall=True)).execute_workflow(executor="dryrun")
        jobs = [job for job in workflow._workflow.dag.jobs if job.benchmark and (folder / str(job.benchmark)).is_file()]
        return pd.DataFrame(
            {
                "rule": [job.rule.name for job in jobs],
                "input_mb": [float(job.input.size_mb) for job in jobs],
                "asked_mb": [float(job.resources.mem_mb) for job in jobs],
                "benchmark": [str(folder / job.benchmark) for job in jobs],
            }
        )


def needed(benchmark: Path | str) -> float:
    """The largest memory (MB) that a job has had, not a number where it is not known."""
    if not Path(benchmark).is_file():
        return float("nan")
    return float(pd.to_numeric(pd.read_csv(benchmark, sep="\t")["max_rss"], errors="coerce").max())


def compared(jobs: pd.DataFrame) -> pd.DataFrame:
    """One row a rule: its jobs, and of the one that comes nearest to what it asks for its input and its memory."""
    jobs = jobs.dropna(subset="needed_mb")
    counts = jobs.groupby("rule").size()
    nearest = jobs.loc[(jobs["needed_mb"] / jobs["asked_mb"]).groupby(jobs["rule"]).idxmax()].set_index("rule")
    table = nearest[["input_mb", "needed_mb", "asked_mb"]].round(1)
    table.insert(0, "jobs", counts)
    table["asked_over_needed"] = (nearest["asked_mb"] / nearest["needed_mb"]).round(2)
    most = LARGEST_SHARE * nearest["needed_mb"] + LIBRARIES_MB
    table["verdict"] = [
        "too little" if a < n else "too much" if a > m else ""
        for a, n, m in zip(nearest["asked_mb"], nearest["needed_mb"], most, strict=True)
    ]
    return table.reset_index()


def main(results: Path, config: Path | None = None) -> None:
    """Print the table of one session."""
    folder = results.absolute().parent.parent
    jobs = asked_for(folder, config or folder / "config/config.yaml")
    jobs["needed_mb"] = [needed(path) for path in jobs["benchmark"]]
    record_table("declared_memory", compared(jobs).assign(session=results.name), KEYS)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
