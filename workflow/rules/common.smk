"""What the rules share: names of acquisitions, raw files, package modules."""

from os.path import relpath

FOLDER = SESSION.folder
FIELDS = SESSION.acquisitions("calibration", "training", "test")
SERIES = SESSION.acquisitions("tilt_series")
TEST_FIELDS = SESSION.paired("test")
READING = dict(SESSION.config["reading"])


wildcard_constraints:
    acquisition="[A-Za-z0-9_-]+",
    denoiser="[A-Za-z0-9_-]+",
    variant="slow|rapid-[A-Za-z0-9_-]+",


def modules(script):
    """The package modules that a script imports, so that a changed module reruns the script's jobs."""
    return [relpath(Path(workflow.basedir) / module) for module in imported_modules(script)]


def raw_path(acquisition, column):
    """A raw file of the sheet.

    Raw files that come from a microscope are `ancient`: copying or touching them reruns nothing.
    """
    path = SESSION.path(acquisition, column)
    return path if SESSION.simulated else ancient(path)


def raw_file(column):
    """An input function that gives the raw file of the wildcard's acquisition."""
    return lambda wildcards: raw_path(wildcards.acquisition, column)
