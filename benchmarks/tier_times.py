"""How long each tier of tests takes, for CONTRIBUTING.md: `python -m benchmarks.tier_times [tier ...]`; nothing else should compute."""

import subprocess
import sys
import time

import pandas as pd

from benchmarks.measured_tables import ROOT, record_table

TIERS = ("check", "fast-test", "test", "docs", "test-interruptions", "test-cluster")


def main(tiers: tuple[str, ...]) -> None:
    """Run the tiers, one after the other, and record their times; a tier that fails is recorded as such."""
    for tier in tiers:
        start = time.perf_counter()
        passed = subprocess.run(["make", tier], cwd=ROOT, check=False).returncode == 0
        row = {"tier": f"make {tier}", "minutes": round((time.perf_counter() - start) / 60, 1), "passed": passed}
        record_table("tier_times", pd.DataFrame([row]), ["tier"])
        # The tier that follows holds pages and tables against each other.
        subprocess.run([sys.executable, "docs/write_pages.py"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or TIERS)
