"""Processor time of what each script imports before it does anything: the start of a job.

    python -m benchmarks.job_start [script ...] [--modules]

The statements of the script that import are run in a new Python, the best of three counts; Python's own start is printed first. With
`--modules`, the libraries that the time goes to are named, from Python's `-X importtime` (their own time by the clock, in parts of all).
"""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd

from benchmarks.measured_tables import ROOT, record_table

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


def main() -> None:
    """Print one line a script."""
    chosen = [word for word in sys.argv[1:] if not word.startswith("--")]
    scripts = [path for path in sorted((ROOT / "scripts").glob("*.py")) if path.stem in chosen or not chosen]
    rows = [{"script": "Python itself", "processor_s": round(processor_s(_TIMED), 2)}]
    for script in scripts:
        program = importing_program(script)
        rows.append({"script": script.stem, "processor_s": round(processor_s(program), 2)})
        if "--modules" in sys.argv:
            print(f"{script.stem}: " + ", ".join(f"{name} {share:.0%}" for name, share in shares(program)), flush=True)
    record_table("job_start", pd.DataFrame(rows), ["script"])


if __name__ == "__main__":
    main()
