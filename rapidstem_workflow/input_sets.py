"""Snakemake looks for a file in a set of a job's inputs, and not among all of them."""

import weakref
from typing import Any

from snakemake.iocontainers import InputFiles

# Of fewer inputs the set costs as much as it saves.
_MANY = 100
_sets: dict[int, tuple[weakref.ref[InputFiles], int, frozenset[Any]]] = {}


def remember_inputs() -> None:
    """Let `file in job.input` ask a set where a job gathers many files.

    Snakemake 9.27 asks it for every job that needs a file of such a job, and compares all inputs one by one: with 10,000 acquisitions
    hundreds of millions of times. `docs/upstream/` tells it in full.
    """
    setattr(InputFiles, "__contains__", _holds)  # noqa: B010


def _holds(files: InputFiles, file: object) -> bool:
    """Whether a file is among a job's inputs."""
    return list.__contains__(files, file) if len(files) < _MANY else file in _set_of(files)


def _set_of(files: InputFiles) -> frozenset[Any]:
    """The inputs as a set, which is made again when their number has changed."""
    key, count = id(files), len(files)
    known = _sets.get(key)
    if known is None or known[0]() is not files or known[1] != count:
        known = _sets[key] = (weakref.ref(files, lambda _: _sets.pop(key, None)), count, frozenset(files))
    return known[2]
