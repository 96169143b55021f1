"""What Snakemake's scheduler costs while many small jobs wait for a processor: the figures of `docs/scale.md`.

    python -m benchmarks.scheduler_load [jobs]

Jobs that sleep for a second, four at a time, and whose memory is a function of their input, as that of our rules: with Snakemake as it is
and its own limit of 100 jobs a second, then with one timer and the time span of the default profile. Processor time is that of Snakemake's
process alone, without its jobs.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml

from benchmarks.measured_tables import ROOT, record_table

SNAKEFILE = """
import sys

sys.path.insert(0, {root!r})
from rapidstem_workflow.scheduler_timers import keep_one_timer

if {mended}:
    keep_one_timer()


rule all:
    input:
        expand("{{number}}.done", number=range({jobs})),


rule wait:
    input:
        {snakefile!r},
    output:
        "{{number}}.done",
    resources:
        mem_mb=lambda wildcards, input, attempt: attempt * round(100 + input.size_mb),
    shell:
        "sleep 1; touch {{output}}"


onsuccess:
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    print("processor_s:", used.ru_utime + used.ru_stime)
"""


def processor_s(jobs: int, timespan: str, mended: bool) -> tuple[float, float]:
    """Seconds of the processor in the main process, and seconds by the clock."""
    with tempfile.TemporaryDirectory() as name:
        snakefile = Path(name) / "Snakefile"
        snakefile.write_text(SNAKEFILE.format(root=str(ROOT), snakefile=str(snakefile), jobs=jobs, mended=mended), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", "--cores", "4", "--quiet", "all", "--directory", name, "--snakefile", str(snakefile)]
        start = time.perf_counter()
        run = subprocess.run([*command, "--max-jobs-per-timespan", timespan], capture_output=True, text=True, check=True, env=os.environ)
        used = next(line for line in run.stdout.splitlines() if line.startswith("processor_s:"))
        return float(used.split()[1]), time.perf_counter() - start


def main() -> None:
    """Print the times."""
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    rows = []
    profile = yaml.safe_load((ROOT / "workflow/profiles/default/config.yaml").read_text(encoding="utf-8"))
    for words, timespan, mended in (
        ("Snakemake as it is", "100/1s", False),
        ("one timer", "100/1s", True),
        ("one timer, the profile's time span", profile["max-jobs-per-timespan"], True),
    ):
        used_s, clock_s = processor_s(jobs, timespan, mended)
        rows.append({"jobs": jobs, "scheduler": words, "processor_s": round(used_s, 1), "clock_s": round(clock_s)})
    record_table("scheduler_load", pd.DataFrame(rows), ["jobs", "scheduler"])


if __name__ == "__main__":
    main()
