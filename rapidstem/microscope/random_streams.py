"""Random numbers that depend on the seed and on what they are for, and on nothing else."""

import hashlib

import numpy as np


def random_stream(seed: int, *purpose: str) -> np.random.Generator:
    """Give the generator of one purpose, the same on every machine and in every process.

    Parameters
    ----------
    seed
        The session's seed.
    purpose
        Words that name the purpose, such as the acquisition's name and "jitter".
    """
    digest = hashlib.sha256("\x1f".join((str(seed), *purpose)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))
