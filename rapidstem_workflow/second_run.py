"""A run of the same command without the acquisitions whose input is bad, so that everything else is finished."""

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

LEAVE_OUT = "leave_out"


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
    """The command; the last `--config` counts, so that it holds the earlier one's entries, too, by the letter."""
    kept = [entry for entry in entries if entry.partition("=")[0] != LEAVE_OUT]
    left_out = f"{LEAVE_OUT}={json.dumps(list(acquisitions))}"
    return [sys.executable, "-m", "snakemake", *arguments, "--nolock", "--config", *kept, left_out]


def starting_folder(arguments: Sequence[str]) -> Path | None:
    """The folder in which the command was given: Snakemake has gone to that of `--directory` since."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--directory", "-d")
    chosen = parser.parse_known_args(arguments)[0].directory
    start = Path(os.environ.get("PWD", os.curdir)) if chosen else Path.cwd()
    return start if start.joinpath(chosen or "").resolve() == Path.cwd() else None
