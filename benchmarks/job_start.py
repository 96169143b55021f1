"""Processor time of what each script imports before it does anything: the start of a job.

    python -m benchmarks.job_start [script ...] [--modules] [--session results/demo]

The statements of the script that import are run in a new Python, the best of three counts; Python's own start is printed first. With
`--modules`, the libraries that the time goes to are named, from Python's `-X importtime` (their own time by the clock, in parts of all).
What a script loads later, when it is first used (parts of SciPy), does not count. With a session, the starts of all its jobs are set beside
the processor time of its benchmark files: the share of a run in which nothing is computed yet.
"""

import argparse
import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measured_tables import FOLDER, ROOT, read_measured, record_table

REPEATS = 3
NAMED = 6
_TIMED = "\nimport time\nprint(time.process_time())\n"


def importing_program(script: Path) -> str:
    """A program that imports what a script imports, as Snakemake starts it, and prints its processor time."""
    statements = ast.parse(script.read_text(encoding="utf-8")).body
    imports = ast.unparse(ast.Module([each for each in statements if isinstance(each, ast.Import | ast.ImportFrom)], []))
    return f"import sys\nsys.path[:0] = [{str(ROOT)!r}, {str(script.parent)!r}]\n{imports}{_TIMED}"


def processor_s(program: str) -> float:
    """Processor time of a program that prints it as its last line."""
    runs = (subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in range(REPEATS))
    return min(float(run.stdout.splitlines()[-1]) for run in runs)


def shares(program: str) -> list[tuple[str, float]]:
    """The libraries that most of a program's importing goes to, with their part of it."""
    run = subprocess.run([sys.executable, "-X", "importtime", "-c", program], capture_output=True, text=True, check=True)
    spent: Counter[str] = Counter()
    for own_us, module in re.findall(r"^import time: +(\d+) \| +\d+ \| +(\w+)", run.stderr, re.MULTILINE):
        spent[module] += int(own_us)
    return [(name, own_us / spent.total()) for name, own_us in spent.most_common(NAMED)]


def starting_share(session: Path, start_s: dict[str, float]) -> tuple[int, float, float]:
    """Jobs of a finished session whose start is known, and seconds of the processor for their starts and for all that they do."""
    folder = session / "benchmarks"
    named = {path: path.relative_to(folder).parts[0].removesuffix(".tsv") for path in folder.glob("**/*.tsv")}
    files = {path: rule for path, rule in named.items() if rule in start_s}
    used_s = [float(pd.to_numeric(pd.read_csv(path, sep="\t")["cpu_time"], errors="coerce").max()) for path in files]
    return len(files), sum(start_s[rule] for rule in files.values()), float(np.nansum(used_s))


def main() -> None:
    """Print one line a script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scripts", nargs="*")
    parser.add_argument("--modules", action="store_true")
    parser.add_argument("--session", type=Path)
    arguments = parser.parse_args()
    chosen = arguments.scripts
    scripts = [path for path in sorted((ROOT / "scripts").glob("*.py")) if path.stem in chosen or not chosen]
    rows = [{"script": "Python itself", "processor_s": round(processor_s(_TIMED), 2)}]
    for script in scripts:
        program = importing_program(script)
        rows.append({"script": script.stem, "processor_s": round(processor_s(program), 2)})
        if arguments.modules:
            print(f"{script.stem}: " + ", ".join(f"{name} {share:.0%}" for name, share in shares(program)), flush=True)
    record_table("job_start", pd.DataFrame(rows), ["script"])
    if arguments.session:
        record_share(arguments.session)


def record_share(session: Path) -> None:
    """Set the recorded starts of the scripts beside what a session's jobs have used."""
    known = read_measured(FOLDER / "job_start.csv")
    jobs, starting_s, used_s = starting_share(session, dict(zip(known["script"], known["processor_s"], strict=True)))
    row = {"session": session.name, "jobs": jobs, "starts_s": round(starting_s), "processor_s": round(used_s)}
    record_table("job_start.share", pd.DataFrame([row | {"share_percent": round(100 * starting_s / used_s, 1)}]), ["session"])


if __name__ == "__main__":
    main()
