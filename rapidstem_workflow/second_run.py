"""A run of the same command without the acquisitions whose input is bad, so that everything else is finished."""

import json
import os
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from snakemake.cli import get_argument_parser

LEAVE_OUT, NO_LOCK = "leave_out", "--nolock"
FORCED = re.compile(r"-f|-F|--force|--forceal?l?")
# An option that names may follow.
FORCED_NAMES = re.compile(r"-R(?P<short>.*)|--forceru?n?(=(?P<long>.*))?")


def run_without(acquisitions: Sequence[str], entries: Sequence[str]) -> bool:
    """Run Snakemake's own command again with `leave_out`, while this process still holds the lock of the working directory.

    Parameters
    ----------
    acquisitions : to be left out.
    entries : what the command line had set with `--config`, `key=value`, as it was given.

    Returns
    -------
    bool
        False if the command cannot be repeated, since the folder in which it was given is not known.
    """
    folder = starting_folder(sys.argv[1:])
    if folder is None:
        return False
    subprocess.run(repeated_command(sys.argv[1:], acquisitions, entries), cwd=folder, check=False)
    return True


def repeated_command(arguments: Sequence[str], acquisitions: Sequence[str], entries: Sequence[str]) -> list[str]:
    """The command without what it forces, as that has run; the last `--config` counts, so that it holds the earlier one's entries, too.

    Targets behind `--` stay behind it.
    """
    options = list(takewhile(lambda argument: argument != "--", arguments))
    kept = [entry for entry in entries if entry.partition("=")[0] != LEAVE_OUT]
    left_out = f"{LEAVE_OUT}={json.dumps(list(acquisitions))}"
    return [sys.executable, "-m", "snakemake", *_unforced(options), NO_LOCK, "--config", *kept, left_out, *arguments[len(options) :]]


def _unforced(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments, `--nolock` in the place of each option that forces jobs: targets behind it are no values of the option before it."""
    of_names = False
    for argument in _single_options(arguments):
        if of_names and not argument.startswith("-"):
            continue
        named = FORCED_NAMES.fullmatch(argument)
        of_names = named is not None and not (named["short"] or named["long"])
        yield NO_LOCK if named or FORCED.fullmatch(argument) else argument


def _single_options(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments with short options by themselves: `-k`, `-F` in the place of `-kF`."""
    actions = get_argument_parser()._actions
    flags = {name for action in actions if action.nargs == 0 for name in action.option_strings if re.fullmatch(r"-\w", name)}
    for argument in arguments:
        while argument[:2] in flags and len(argument) > 2:
            yield argument[:2]
            argument = f"-{argument[2:]}"
        yield argument


def starting_folder(arguments: Sequence[str]) -> Path | None:
    """The folder in which the command was given: Snakemake has gone to that of `--directory` since."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--directory", "-d")
    chosen = parser.parse_known_args(arguments)[0].directory
    start = Path(os.environ.get("PWD", os.curdir)) if chosen else Path.cwd()
    return start if start.joinpath(chosen or "").resolve() == Path.cwd() else None
