"""What the rules share: names of acquisitions, raw files, package modules."""

import os
from itertools import product

from rapidstem.microscope import settings_from


def own_files(paths):
    """Files that a person names and the workflow does not make: neither the prefix of a module nor a default storage applies to them."""
    return local(paths) if paths else []


FOLDER = SESSION.folder
FIELDS = SESSION.acquisitions("calibration", "training", "test")
SERIES = SESSION.reconstructed
TEST_FIELDS = SESSION.paired("test")
SHOWN_FIELDS = TEST_FIELDS + SESSION.paired("training", "calibration")
INSTRUMENT_IMAGES = [name for name in FIELDS if SESSION.path(name, "dcfi")]
COMPARED_FIELDS = list(dict.fromkeys(SHOWN_FIELDS + INSTRUMENT_IMAGES))
TRAINING_FIELDS = SESSION.acquisitions("training")
TRAINING_DRIFT = expand(f"{FOLDER}/dcfi/{{acquisition}}.drift.csv", acquisition=TRAINING_FIELDS)
PAIRED_FIELDS = TEST_FIELDS + (TRAINING_FIELDS if SESSION.learns_references else [])
CALIBRATION_FIELDS = SESSION.calibration_fields
IN_SITU = SESSION.acquisitions("in_situ")
IN_SITU_SCORED = SESSION.paired("in_situ")
READING = dict(SESSION.config["reading"])
SIMULATED = without_defaults(SESSION.config["simulate"], settings_from) if SESSION.simulated else {}

# Those of a workstation; a cluster has no such number, and its profile says how many processors a job gets. The main process decides: the
# node of a job has others, and what was submitted counts there.
if workflow.is_main_process:
    os.environ["RAPIDSTEM_CORES"] = str(workflow.resource_settings.cores or 8)


envvars:
    "RAPIDSTEM_CORES",


ALL_CORES = int(os.environ["RAPIDSTEM_CORES"])

MEASURED_MAP = f"{FOLDER}/distortion/map.csv"
DISTORTION_MAP = MEASURED_MAP if SESSION.measures_distortion else own_files(SESSION.saved_map)
FIELD_CHOICE = (
    f"{FOLDER}/pairs/choice.csv"
    if SESSION.field_denoisers and TRAINING_FIELDS and SESSION.model_series
    else []
)


# A series that is still being written, and the networks that may denoise it.
LIVE = SESSION.config["live"]
LIVE_FOLDER = f"{FOLDER}/live/{series_name(Path(LIVE['source']))}"
LIVE_DENOISERS = [name for name in SESSION.config["tomography"]["denoisers"] if name in SESSION.networks]


wildcard_constraints:
    acquisition="[A-Za-z0-9_-]+",
    denoiser="[A-Za-z0-9_-]+",
    variant="slow|rapid-[A-Za-z0-9_-]+",


def reading_of(names):
    """A parameter: how raw files of these acquisitions are read, those by their paths whose rows in the sheet have it otherwise."""
    return {"session": READING, "rows": SESSION.row_reading(names)}


def reading(wildcards):
    """The same of the wildcard's acquisition."""
    return reading_of([wildcards.acquisition])


def code(script):
    """A parameter function that gives the mark of a script's code, so that a changed module reruns the script's jobs."""
    return lambda wildcards: code_mark(script)


def size_mb(files):
    """Size of a job's input, zarr stores with all that they hold. For `input.size_mb` Snakemake starts an event loop each time: a third of a
    large graph's time."""
    if any(file.is_storage for file in files):
        return files.size_mb
    return sum(map(os.path.getsize, files)) / 2**20 + stores_mb(files)


def memory_mb(fixed, times=0):
    """Memory for a job, in MB: what it needs in any case, and so many times the size of its input; twice as much when it is tried again."""
    return lambda wildcards, input, attempt: attempt * round(fixed + times * size_mb(input))


def simulated_mb(wildcards, attempt):
    """Memory to simulate an acquisition, in MB, measured from 128 to 512 px and 50 to 600 frames at rest or tilting: frames are held twice."""
    microscope = settings_from(SESSION.config["simulate"])
    kind = SESSION.kind(wildcards.acquisition)
    if kind == "in_situ":
        return attempt * 4000
    long = wildcards.acquisition == microscope.long_field
    fields = microscope.frames_per_long_field if long else microscope.frames_per_field
    frames = microscope.tilt_frames if kind == "tilt_series" else fields
    return attempt * round(240 + (400 + 5 * frames) * microscope.size_px**2 / 1e6)


def minutes(least, a_gigabyte=0):
    """Time for a job, in minutes: what it has in any case, and more for every GB of input; twice as much when it is tried again."""
    return lambda wildcards, input, attempt: attempt * round(least + a_gigabyte * size_mb(input) / 1000)


def raw_path(acquisition, column):
    """A raw file of the sheet; nothing where there is none.

    Raw files that come from a microscope are `ancient`: copying or touching them reruns nothing. What reruns the jobs of a file that
    was replaced by another is the parameter `contents` of its rules.
    """
    path = SESSION.path(acquisition, column)
    if not path:
        return []
    return path if SESSION.simulated else ancient(own_files(path))


def raw_file(column):
    """An input function that gives the raw file of the wildcard's acquisition."""
    return lambda wildcards: raw_path(wildcards.acquisition, column)


def network_file(settings):
    """The network that is the virtual microscope's specimen, `ancient` as raw files are; nothing where its lines are generated."""
    path = settings_from(settings).network_path
    return ancient(own_files(path)) if path else []


def network_mark(settings):
    """The mark of its contents."""
    return content_mark(settings_from(settings).network_path or "")


def raw_contents(*raw_files):
    """Marks of the contents of raw files, given as pairs of acquisition and column; empty where the workflow made them itself."""
    if SESSION.simulated:
        return []
    return [content_mark(SESSION.path(*file)) for file in raw_files]


def own_contents(*columns):
    """A parameter function that gives the marks of raw files of the wildcard's acquisition."""
    return lambda wildcards: raw_contents(*[(wildcards.acquisition, column) for column in columns])


def training_contents(wildcards):
    """The marks of the raw frames of every training field."""
    return raw_contents(*[(name, "rapid") for name in TRAINING_FIELDS])


def training_slow_images(wildcards):
    """The slow image of every training field; nothing for a denoiser that learns from others."""
    learns = SESSION.settings_of(wildcards.denoiser).target == "slow"
    return [raw_path(name, "slow") for name in TRAINING_FIELDS] if learns else []


def slow_contents(wildcards):
    """The marks of these slow images."""
    learns = SESSION.settings_of(wildcards.denoiser).target == "slow"
    return raw_contents(*[(name, "slow") for name in TRAINING_FIELDS]) if learns else []


def training_pairs(wildcards):
    """The aligned references of every training field; nothing for a denoiser that needs none."""
    if SESSION.settings_of(getattr(wildcards, "denoiser", "bm3d")).target == "none":
        return []
    return expand(f"{FOLDER}/pairs/{{acquisition}}/field.csv", acquisition=TRAINING_FIELDS)


def one_of(names):
    """A pattern that these names match, and nothing else."""
    return "|".join(names) or "(?!)"


def training_stacks(wildcards):
    """The raw frames of every training field."""
    return [raw_path(name, "rapid") for name in TRAINING_FIELDS]


def field_drift(wildcards):
    """The drift of a field, which says what frames of it are used; nothing for series."""
    return f"{FOLDER}/dcfi/{wildcards.acquisition}.drift.csv" if wildcards.acquisition in FIELDS else []


def tomogram_file(wildcards, ending, room="dislocations"):
    """A file of the tilt series that an in-situ series names, by default of its dislocations."""
    series = SESSION.tomogram(wildcards.acquisition)
    return f"{FOLDER}/{room}/{series}/{SESSION.followed_variant(wildcards.acquisition, wildcards.denoiser)}.{ending}"


def earlier_sweep(wildcards, ending, room="dislocations"):
    """A file of the same variant of the earlier tilt series that a tilt series names."""
    return f"{FOLDER}/{room}/{SESSION.tomogram(wildcards.acquisition)}/{wildcards.variant}.{ending}"


def both_records(wildcards):
    """Acquisition and column of the raw files of a tilt series' variant, and of the earlier one that it names."""
    column = SESSION.variant(wildcards.variant).column
    return [(name, column) for name in (wildcards.acquisition, SESSION.tomogram(wildcards.acquisition))]


def temperature_log(wildcards):
    """The heater's log of an in-situ series, where the sheet names one."""
    text = SESSION.temperature(wildcards.acquisition)
    return own_files(text if is_log(text) else [])


def frame_limit(wildcards):
    """How many frames are denoised: the scored ones of a test field, all of a series."""
    return SESSION.config["evaluation"]["frames"] if wildcards.acquisition in TEST_FIELDS else None


def series_images(wildcards):
    """The images of a series' variant: the slow series itself, or the denoised rapid frames."""
    variant = SESSION.variant(wildcards.variant)
    if variant.is_slow:
        return raw_file("slow")(wildcards)
    return f"{FOLDER}/denoised/{variant.denoiser}/{wildcards.acquisition}.ome.tif"


def series_record(wildcards):
    """The raw file that holds the series' reported angles and times."""
    return raw_file(SESSION.variant(wildcards.variant).column)(wildcards)


def record_contents(wildcards):
    """The mark of the raw file of a series' variant."""
    return own_contents(SESSION.variant(wildcards.variant).column)(wildcards)


def names(variants):
    """The names of variants, as parameters and files have them."""
    return [variant.name for variant in variants]


def by_series(variants):
    """Names of variants by the series that they are of, of pairs of both."""
    return {series: [name for own, name in variants if own == series] for series, _ in variants}


def series_files(room, ending, variants):
    """One file of every variant of every series."""
    return [
        f"{FOLDER}/{room}/{series}/{name}.{ending}" for series in SERIES for name in names(variants(series))
    ]


def variant_files(room, ending, variants):
    """An input function that gives one file of every variant of the wildcard's series."""
    return lambda wildcards: [
        f"{FOLDER}/{room}/{wildcards.acquisition}/{name}.{ending}"
        for name in names(variants(wildcards.acquisition))
    ]


def first_variant_file(room, ending):
    """An input function that gives a file of the first variant of the wildcard's series: enough where all are alike."""
    return lambda wildcards: variant_files(room, ending, SESSION.variants)(wildcards)[0]


def truth(acquisition):
    """The truth of an acquisition, where a virtual microscope made it. Only the evaluation reads it."""
    return f"{FOLDER}/truth/{acquisition}.h5" if SESSION.simulated else []


def series_beside(wildcards):
    """Acquisition and column of the tilt series that a training field is held against; nothing for other acquisitions."""
    training = SESSION.kind(wildcards.acquisition) == "training"
    return [(SESSION.model_series, "rapid")] if training and SESSION.model_series else []


def looked_at(wildcards):
    """Acquisition and column of all raw files that a look at an acquisition reads."""
    return [(wildcards.acquisition, column) for column in ("rapid", "slow")] + series_beside(wildcards)


def tuned_share():
    """The share of the training fields that BM3D is tuned on."""
    return min(1, SESSION.settings_of("bm3d").tuning_fields / len(TRAINING_FIELDS))


def live_picture(wildcards):
    """What `snakemake live` makes; an error with the remedy where there is nothing to follow, or a series of that name was followed before."""
    if not LIVE["source"] or not LIVE_DENOISERS:
        raise WorkflowError("live: set live.source to the series, and a network in tomography.denoisers")
    picture = f"{LIVE_FOLDER}/figures/lines.png"
    if Path(picture).exists():
        raise WorkflowError(
            f"live: {LIVE_FOLDER} holds the lines of a series that was followed before. Give a new series a name of its own "
            f"(live.source is {LIVE['source']}), or rename that folder"
        )
    return picture
