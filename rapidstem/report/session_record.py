"""With which versions, in what time and with how much memory a session was made."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd

import rapidstem

LIBRARIES = ("numpy", "scipy", "scikit-image", "rosettasciio", "torch", "astra-toolbox", "snakemake")


def library_versions() -> dict[str, str]:
    """Versions of the package and of the libraries beside it that are installed."""
    found = {"rapidstem": rapidstem.__version__}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def job_times(folder: Path) -> pd.DataFrame:
    """Number, time and largest memory of the jobs of each rule, from Snakemake's benchmark files.

    A rule all of whose jobs have failed has none.

    Parameters
    ----------
    folder : holds a file `<rule>.tsv`, or a folder of them, for each rule.

    Returns
    -------
    DataFrame
        One row a rule.
    """
    rows = []
    for rule in sorted(folder.iterdir()) if folder.is_dir() else ():
        tables = [pd.read_csv(path, sep="\t") for path in ([rule] if rule.is_file() else sorted(rule.rglob("*.tsv")))]
        if tables:
            jobs = pd.concat(tables, ignore_index=True)
            rows.append({"rule": rule.stem, "jobs": len(jobs), "seconds": jobs["s"].sum(), "largest memory / MB": jobs["max_rss"].max()})
    return pd.DataFrame(rows)
