"""With which versions, in what time and with how much memory a session was made."""

from collections.abc import Collection
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


def job_times(folder: Path, subjects: Collection[str]) -> pd.DataFrame:
    """Number, time and largest memory of the jobs of each rule, from Snakemake's benchmark files.

    A rule all of whose jobs have failed has none.

    Parameters
    ----------
    folder : holds a file `<rule>.tsv`, or a folder of them, for each rule.
    subjects : acquisitions, denoisers and variants of the session; files of others are of earlier runs.

    Returns
    -------
    DataFrame
        One row a rule.
    """
    rows = []
    for rule in sorted(folder.iterdir()) if folder.is_dir() else ():
        files = [rule] if rule.is_file() else [path for path in sorted(rule.rglob("*.tsv")) if _is_of(path.relative_to(rule), subjects)]
        tables = [pd.read_csv(path, sep="\t") for path in files]
        if tables:
            jobs = pd.concat(tables, ignore_index=True)
            rows.append({"rule": rule.stem, "jobs": len(jobs), "seconds": jobs["s"].sum(), "largest memory / MB": jobs["max_rss"].max()})
    return pd.DataFrame(rows)


def _is_of(path: Path, subjects: Collection[str]) -> bool:
    """Whether all parts of the path are called after these, are numbers or points of a sweep."""
    names = [part.split(".")[0] for part in path.parts]
    return all(name in subjects or name.isdigit() or "~" in name for name in names)
