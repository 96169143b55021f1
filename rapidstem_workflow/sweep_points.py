"""The points of a sweep: which settings each changes, and the configuration that it runs with."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pandas as pd

from rapidstem.errors import InputError
from rapidstem_workflow.configuration_checks import check_configuration, naming_key, write_out
from rapidstem_workflow.session import Session

BASE, NONE = "base", "none"
TRAINING_FIELDS = "training_fields"
# What a point names besides keys of the configuration: how many training fields its session has.
OWN_KEYS = (TRAINING_FIELDS,)
# What no point uses: its session and its sheet are its own, and nobody asks it for more than its row.
_UNUSED = ("sweep", "session", "acquisitions", "leave_out", "live", "in_situ", "results")
# The labels of a point but for its seed, and what it sets.
_Kind = tuple[tuple[str, str, str, str], dict[str, Any]]
LEARNING = "dlf-slow"
SERIES = "series"
# Of the training fields of Zhao et al. 2021, Tables 1 to 3, the highest first: the filter is needed most there.
TRAINING_TILTS_DEG = (70, 0, 60, 40, 20)


@dataclass(frozen=True)
class Factor:
    """What is varied.

    Attributes
    ----------
    name : of the axis.
    labels : of its values, as files and tables have them.
    settings : what each value sets, by dotted keys of the configuration.
    """

    name: str
    labels: tuple[str, ...]
    settings: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class SweepPoint:
    """One session of a sweep: one value of one or two factors, everything else as the configuration has it.

    Attributes
    ----------
    factor, value, second_factor, second_value : labels; those of the base are `base` and `none`.
    seed : of the virtual microscope.
    settings : what differs from the configuration, by dotted keys.
    """

    factor: str
    value: str
    second_factor: str
    second_value: str
    seed: int
    settings: Mapping[str, Any] = field(compare=False, hash=False)

    @property
    def labels(self) -> dict[str, str]:
        """What names the point in files and tables."""
        names = ("factor", "value", "second_factor", "second_value", "seed")
        return {name: str(getattr(self, name)) for name in names}


def factors_of(config: Mapping[str, Any]) -> dict[str, Factor]:
    """The factors of a configuration's sweep, by name.

    Raises
    ------
    InputError
        A factor sets a key to another number of values than it has.
    """
    return {name: _factor(name, entry) for name, entry in config["sweep"]["factors"].items()}


def sweep_points(config: Mapping[str, Any]) -> list[SweepPoint]:
    """Every point of a sweep once: the base, one factor at a time, and pairs; values that are the base's are not run again.

    Raises
    ------
    InputError
        For a pair of unknown factors, or settings that make no valid configuration.
    """
    factors = factors_of(config)
    with naming_key("sweep.pairs"):
        unknown = {name for pair in config["sweep"]["pairs"] for name in pair} - set(factors)
        if unknown:
            raise InputError(f"{', '.join(sorted(unknown))} is none of the factors; name one of {', '.join(factors)}.")
    kinds: list[_Kind] = [((BASE, NONE, NONE, NONE), {}), *_single(config, factors), *_paired(config, factors)]
    for labels, settings in kinds:
        with naming_key(f"sweep.factors, {' '.join(labels)}"):
            check_configuration(changed(config, settings))
    return [SweepPoint(*labels, seed, settings) for seed in config["sweep"]["seeds"] for labels, settings in kinds]


def point_table(points: list[SweepPoint]) -> pd.DataFrame:
    """One row a point, all labels as texts, as Snakemake's Paramspace takes it."""
    return pd.DataFrame([point.labels for point in points])


def point_configuration(config: Mapping[str, Any], point: SweepPoint) -> dict[str, Any]:
    """The configuration of a point's session, as far as its row depends on it: a change of anything else runs no point again."""
    settings = {key: value for key, value in point.settings.items() if key not in OWN_KEYS}
    own = changed(config, settings | {"simulate.seed": point.seed})
    if training_fields(point) and "denoisers" not in settings:
        own["denoisers"], own["tomography"]["denoisers"] = [{"name": LEARNING}], [LEARNING]
    unused = [*_UNUSED, *([] if Session(own["session"], pd.DataFrame(), own).trained_on_simulation else ["general"])]
    used = {key: value for key, value in own.items() if key not in unused}
    # A point has one series, and no fields that are scored.
    for section, key in (("training", "similar_to"), ("evaluation", "frames")):
        used.get(section, {}).pop(key, None)
    return used


def point_text(config: Mapping[str, Any], sheet: pd.DataFrame, point: SweepPoint) -> str:
    """What a point's session runs, as text: its labels, its configuration and its acquisitions. The order of keys does not matter."""
    whole = {"labels": point.labels, "config": point_configuration(config, point), "acquisitions": point_acquisitions(sheet, point)}
    return json.dumps(whole, sort_keys=True)


def training_fields(point: SweepPoint) -> int:
    """How many training fields a point's session has; with none the filter is that of the configuration."""
    return int(point.settings.get(TRAINING_FIELDS, 0))


def changed(config: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a configuration with values set by dotted keys, in their long forms."""
    copy = deepcopy(dict(config))
    for key, value in settings.items():
        if key in OWN_KEYS:
            continue
        *sections, name = key.split(".")
        section = copy
        for each in sections:
            section = section.setdefault(each, {})
        section[name] = value
    write_out(copy)
    return copy


def is_base(config: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether settings are those that the configuration has anyway, where it names them."""
    return changed(config, settings) == dict(config) and not any(settings.get(key, 0) for key in OWN_KEYS)


def base_labels(config: Mapping[str, Any]) -> dict[str, str]:
    """The value of every factor that the base has, as a label; empty where its values leave the base's out."""
    return {
        each.name: next((label for label, chosen in zip(each.labels, each.settings, strict=True) if is_base(config, chosen)), "")
        for each in factors_of(config).values()
    }


def _factor(name: str, entry: Mapping[str, Any]) -> Factor:
    values, sets = entry["values"], entry["sets"]
    given = dict.fromkeys(sets, values) if isinstance(sets, list) else sets
    wrong = [key for key, chosen in given.items() if len(chosen) != len(values)]
    if wrong:
        raise InputError(
            f"Configuration key 'sweep.factors.{name}': {', '.join(wrong)} needs {len(values)} values, one for each of 'values'."
        )
    labels = tuple(f"{value:g}" if isinstance(value, int | float) else str(value) for value in values)
    return Factor(name, labels, tuple({key: chosen[number] for key, chosen in given.items()} for number in range(len(values))))


def _single(config: Mapping[str, Any], factors: Mapping[str, Factor]) -> Iterator[_Kind]:
    for each in factors.values():
        for label, settings in zip(each.labels, each.settings, strict=True):
            if not is_base(config, settings):
                yield (each.name, label, NONE, NONE), settings


def _paired(config: Mapping[str, Any], factors: Mapping[str, Factor]) -> Iterator[_Kind]:
    for first, second in config["sweep"]["pairs"]:
        pairs = [zip(factors[name].labels, factors[name].settings, strict=True) for name in (first, second)]
        for (label, settings), (other_label, others) in product(*map(list, pairs)):
            if not is_base(config, settings) and not is_base(config, others):
                yield (first, label, second, other_label), settings | others


def point_acquisitions(sheet: pd.DataFrame, point: SweepPoint) -> list[dict[str, str]]:
    """The acquisitions of a point's session: the calibration fields and the tilt series of the sheet, and the point's training fields."""
    kept = sheet[sheet["kind"] == "calibration"]
    rows = [_acquisition(str(row.acquisition), "calibration", f"{row.tilt:g}") for row in kept.itertuples()]
    tilts = [TRAINING_TILTS_DEG[number % len(TRAINING_TILTS_DEG)] for number in range(training_fields(point))]
    rows += [_acquisition(f"training-{number + 1:02}", "training", f"{tilt:g}") for number, tilt in enumerate(tilts)]
    return [*rows, _acquisition(SERIES, "tilt_series", "")]


def _acquisition(name: str, kind: str, tilt: str) -> dict[str, str]:
    return {"acquisition": name, "kind": kind, "tilt": tilt}
