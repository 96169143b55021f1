"""Snakemake looks at the signature of an input function once, and not for each of its jobs."""

from functools import lru_cache

from snakemake import common, rules

# Functions of a workflow's rules are a few hundred; those that are made for one job alone push each other out.
_REMEMBERED = 1000


def remember_signatures() -> None:
    """Keep the parameters of the functions that Snakemake 9.27 asks about, 23 times for each job: a tenth of a large graph's time.

    Nothing happens where Snakemake has no such function.
    """
    asked = getattr(common, "get_function_params", None)
    if asked is None or hasattr(asked, "cache_info"):
        return
    remembered = lru_cache(_REMEMBERED)(asked)
    for module in (common, rules):
        if hasattr(module, "get_function_params"):
            setattr(module, "get_function_params", remembered)  # noqa: B010
