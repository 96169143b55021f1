"""Functions of many frames, several of which are worked on at once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def mapped_by_threads(function: Callable[..., Result], threads: int, *items: Iterable) -> list[Result]:
    """Call a function for each set of items, as `map` does, some at once where it lets the interpreter go.

    Parameters
    ----------
    function
        Of one set of items, such as a frame; its results do not depend on the order of the calls.
    threads
        Calls at once.
    *items
        One iterable for each argument, all of one length.

    Returns
    -------
    list
        In the order of the items.

    Examples
    --------
    >>> mapped_by_threads(pow, 2, [1, 2, 3], [2, 2, 2])
    [1, 4, 9]
    """
    if threads < 2:
        return [function(*each) for each in zip(*items, strict=True)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, *items))
