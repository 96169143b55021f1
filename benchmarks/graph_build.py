"""How long Snakemake takes to build the graph of jobs of a large session, without running any.

    python -m benchmarks.graph_build [acquisitions] [--profile]

A twentieth of the acquisitions are calibration fields, a twentieth tilt series, a quarter test fields and the rest training fields. The
raw files are simulated, so that none has to be there; what looking at existing ones costs is measured on small files of their own. Beside
it stands what Snakemake takes for as many jobs of a bare workflow: six rules in a row for each acquisition, of three outputs and two
inputs each, without a function, a parameter or a resource.
"""

import cProfile
import os
import pstats
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.files.acquisition_sheet import check_files, read_sheet
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import settings_from
from rapidstem_workflow.raw_contents import content_mark
from tests.workflow.tiny_session import ROOT, configuration, sheet_text, write_session

# As many jobs as this workflow has for an acquisition.
BARE_RULES = 6


def fields(count: int) -> list[tuple[str, str, str]]:
    """Rows of a sheet: name, kind and tilt of so many acquisitions."""
    kinds = ["calibration", "tilt_series", *["test"] * 5, *["training"] * 13]
    rows = [(f"acquisition-{number}", kinds[number % len(kinds)]) for number in range(count)]
    return [(name, kind, "" if kind == "tilt_series" else str(number % 70)) for number, (name, kind) in enumerate(rows)]


def bare_workflow(folder: Path, jobs: int) -> Path:
    """A Snakefile of about so many jobs, in rows of `BARE_RULES`."""
    rules = [f'rule all:\n    input: expand("results/{BARE_RULES - 1}/{{n}}.a", n=range({jobs // BARE_RULES}))\n']
    for number in range(BARE_RULES):
        inputs = f'"results/{number - 1}/{{n}}.a", "results/{number - 1}/{{n}}.b"' if number else ""
        outputs = ", ".join(f'"results/{number}/{{n}}.{letter}"' for letter in "abc")
        rules.append(f'rule step_{number}:\n    input: {inputs}\n    output: {outputs}\n    shell: "true"\n')
    snakefile = folder / "Snakefile"
    snakefile.write_text("\n\n".join(rules), encoding="utf-8")
    return snakefile


def build_graph(folder: Path, snakefile: Path, *options: str) -> dict[str, float]:
    """Jobs, seconds of the processor and of the clock, and largest memory (MB) of a dry run until it has the table of its jobs.

    The thousands of jobs that a dry run prints after it are no part of the graph.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "2", "--directory", str(folder)]
    command += ["--snakefile", str(snakefile), *options]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        total = next(line for line in run.stdout if line.startswith("total "))
        clock_s = time.perf_counter() - start
        process = Path(f"/proc/{run.pid}")
        fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
        peak_kb = re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())
        run.kill()
    assert peak_kb is not None
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return {
        "jobs": int(total.split()[1]),
        "processor_s": round(seconds, 1),
        "clock_s": round(clock_s, 1),
        "memory_mb": round(int(peak_kb[1]) / 1000),
    }


def show_profile(folder: Path) -> None:
    """The functions in which the dry run spends its time."""
    from snakemake.cli import main

    arguments = ["--dry-run", "--quiet", "all", "--cores", "2", "--directory", str(folder), "--snakefile", str(ROOT / "Snakefile")]
    profile = cProfile.Profile()
    with suppress(SystemExit):
        profile.runcall(main, [*arguments, "--configfile", str(folder / "config/config.yaml")])
    pstats.Stats(profile).sort_stats("tottime").print_stats(30)


def look_at_raw_files(folder: Path, count: int) -> tuple[float, float]:
    """Milliseconds for one acquisition: its headers checked, and its marks made."""
    settings = settings_from({"size_px": 32, "frames_per_field": 3})
    rows = ["acquisition\tkind\ttilt\trapid\tslow"]
    for number in range(count):
        rapid, slow, truth = (folder / f"{number}.{column}.emd" for column in ("rapid", "slow", "truth"))
        simulate_acquisition("training", str(number), 0.0, settings, rapid, slow, truth)
        rows.append(f"{number}\ttraining\t0\t{number}.rapid.emd\t{number}.slow.emd")
    (folder / "sheet.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    sheet = read_sheet(folder / "sheet.tsv")
    start = time.process_time()
    check_files(sheet)
    checked = time.process_time()
    for path in [*sheet["rapid"], *sheet["slow"]]:
        content_mark(path)
    return 1e3 * (checked - start) / count, 1e3 * (time.process_time() - checked) / count


def main() -> None:
    """Print the times."""
    numbers = [int(word) for word in sys.argv[1:] if re.fullmatch(r"\d+", word)]
    count = numbers[0] if numbers else 2000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_session(folder, configuration(), sheet_text(fields(count)))
        if "--profile" in sys.argv:
            show_profile(folder)
            return
        row = {"acquisitions": count} | build_graph(folder, ROOT / "Snakefile", "--configfile", str(folder / "config/config.yaml"))
        bare = build_graph(folder, bare_workflow(folder, int(row["jobs"])))
        checked_ms, marked_ms = look_at_raw_files(folder, 40)
    row |= {"header_check_ms": round(checked_ms, 1), "content_mark_ms": round(marked_ms, 2), "bare_processor_s": bare["processor_s"]}
    record_table("graph_build", pd.DataFrame([row]), ["acquisitions"])


if __name__ == "__main__":
    main()
