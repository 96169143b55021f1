"""A foil's faults in the truth file: one group a kind, one data set an attribute."""

from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

import h5py
import numpy as np

from rapidstem.microscope.specimen.foil_faults import NO_FAULTS, FoilFaults


def write_faults(file: h5py.File, faults: FoilFaults) -> None:
    """Write what is known of the faults as `foil_faults/<kind>/<attribute>`; a foil without faults leaves the file as it is."""
    for kind in fields(faults):
        fault = getattr(faults, kind.name)
        if fault is not None:
            for attribute in fields(fault):
                file[f"foil_faults/{kind.name}/{attribute.name}"] = np.asarray(getattr(fault, attribute.name))


def read_faults(file: h5py.File) -> FoilFaults:
    """Read what `write_faults` wrote."""
    if "foil_faults" not in file:
        return NO_FAULTS
    return FoilFaults(**{name: _read_fault(group, _class_of(name)) for name, group in file["foil_faults"].items()})


def _read_fault(group: h5py.Group, fault: Any) -> Any:
    return fault(**{attribute.name: group[attribute.name][()] for attribute in fields(fault)})


def _class_of(kind: str) -> Any:
    return next(each for each in get_args(get_type_hints(FoilFaults)[kind]) if is_dataclass(each))
