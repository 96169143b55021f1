"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# The same inputs in every run; `pytest --hypothesis-profile=default` looks at others, and keeps what has failed.
settings.register_profile("everyday", derandomize=True)
settings.load_profile("everyday")

MARK_OF_FIXTURE = {"real_data": "real", "slurm": "cluster"} | dict.fromkeys(("finished_session", "own_session", "session_copy"), "slow")
MARK_OF_FOLDER = {"interruptions": "slow", "cluster": "cluster", "real": "real"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need: the folder they lie in, their fixtures, and whether their module runs Snakemake."""
    for item in items:
        marks = {MARK_OF_FOLDER.get(item.path.parent.name)} | {MARK_OF_FIXTURE.get(name) for name in getattr(item, "fixturenames", ())}
        marks |= {"slow" if hasattr(getattr(item, "module", None), "snakemake") else None}
        for name in marks - {None}:
            item.add_marker(str(name))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real data of others; the test is skipped where it is not set."""
    folder = os.environ.get("RAPIDSTEM_REAL_DATA")
    if not folder:
        pytest.skip("the environment variable RAPIDSTEM_REAL_DATA names no folder with real data")
    return Path(folder)
