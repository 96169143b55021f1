"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real data of others; the test is skipped where it is not set."""
    folder = os.environ.get("RAPIDSTEM_REAL_DATA")
    if not folder:
        pytest.skip("the environment variable RAPIDSTEM_REAL_DATA names no folder with real data")
    return Path(folder)
