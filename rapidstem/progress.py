"""How far long work has come: a bar with an estimate on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Self, TypeVar

from tqdm import tqdm

# In a log: seldom enough for hours of work, often enough to see that it goes on.
SECONDS_BETWEEN_LINES = 15.0

Item = TypeVar("Item")


class Progress:
    """Tells how much of something is done, and how long the rest will take.

    On a terminal it is a bar. Elsewhere a line is written every 15 seconds, so that short work writes none.

    Parameters
    ----------
    name : of the work, as `denoising`.
    total : number of units in all.
    unit : what is counted, as `frame`.
    done : units that were done in an earlier run.
    silent : tell nothing, for all but one of several processes.
    """

    def __init__(self, name: str, total: int, unit: str, done: int = 0, silent: bool = False) -> None:
        self.name, self.total, self.unit, self.done, self._silent = name, total, unit, done, silent
        self._first, self._start, self._told = done, time.monotonic(), time.monotonic()
        self.terminal = sys.stderr.isatty()
        self._bar = tqdm(total=total, initial=done, desc=name, unit=unit, disable=silent or not self.terminal)

    def advance(self, count: int = 1) -> None:
        """`count` more units are done."""
        self.done += count
        self._bar.update(count)
        if not self.terminal and self.done < self.total and time.monotonic() - self._told > SECONDS_BETWEEN_LINES:
            self.report()

    def reach(self, done: int, total: int) -> None:
        """`done` of `total` units are done: for work that counts them itself."""
        self.total = self._bar.total = total
        self.advance(done - self.done)

    def report(self, words: str = "") -> None:
        """Tell where the work stands now, with `words` about it."""
        if self.terminal:
            self._bar.set_postfix_str(words)
            return
        self._told = time.monotonic()
        stand = f"{self.unit} {self.done} of {self.total}"
        self.tell(", ".join(filter(None, (stand, words, f"{self.minutes_left():.1f} minutes left"))))

    def minutes_left(self) -> float:
        """Estimate from the pace of this run."""
        return (time.monotonic() - self._start) / 60 * (self.total - self.done) / max(self.done - self._first, 1)

    def tell(self, message: str) -> None:
        """A line of its own."""
        if not self._silent:
            tqdm.write(f"{self.name}: {message}", file=sys.stderr)
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()


def _one(_: object) -> int:
    return 1


def tracked(items: Iterable[Item], name: str, total: int, unit: str, size: Callable[[Item], int] = _one) -> Iterator[Item]:
    """Pass items on, and tell how many of the `total` units in them are done; `size` gives the units of an item.

    Parameters
    ----------
    items
        What is worked through, one after the other.
    name
        Of the work, for the bar.
    total
        Units in all items.
    unit
        What is counted, in the plural.
    size
        Gives the units of an item; by default one.

    Yields
    ------
    Item
        The items as they come.
    """
    with Progress(name, total, unit) as progress:
        for item in items:
            yield item
            progress.advance(size(item))
