"""Named sets of conditions, each alone and all together, for `simulate: {conditions: ...}`."""

from collections.abc import Mapping, Sequence
from typing import Any

from rapidstem.errors import InputError

SINGLE_CONDITIONS: dict[str, dict[str, Any]] = {
    "demo": {},
    "bend-contours": {"bend_contours": 2},
    "dirt": {"particles_per_um2": 5.0, "contamination_per_um2": 1.5},
    "precipitates": {"precipitates_per_um2": 6.0},
    "wedge": {"thickness_wedge": 0.18, "thickness_steps": 2},
    "hole": {"hole_radius_nm": 150.0},
    "edge": {"foil_edge_share": 0.25},
    "faint-lines": {"residual_contrast": 1.0, "faint_line_share": 0.25},
    "slip-bands": {"slip_bands": 2},
    "vibration": {"vibration_nm": 1.6},
    "stage": {"stage_shake_nm": 1.5, "stage_jumps": 3, "tilt_ripple": 0.1, "drift_px_per_s": 2.8},
    "beam": {"beam_fluctuation": 0.03},
    "detector": {"saturation_intensity": 1.3, "hot_pixel_share": 1e-4},
    "low-dose": {"electrons_per_px": 10.0},
    "slow-faults": {"slow_offset_nm": 40.0, "slow_bend_nm": 5.0, "slow_drift_px_per_s": 0.8},
}
NOT_HARD = ("edge",)


def named_conditions(names: str | Sequence[str]) -> Mapping[str, Any]:
    """Give the settings of one named set, or of several together.

    Parameters
    ----------
    names
        `hard`, which is all of them with a hole rather than an edge, or the names of single conditions.

    Returns
    -------
    dict
        Names of `MicroscopeSettings` and their values.

    Raises
    ------
    InputError
        A name is unknown.
    """
    known = {**SINGLE_CONDITIONS, "hard": _hard()}
    chosen = [names] if isinstance(names, str) else names
    if not isinstance(chosen, Sequence) or not all(isinstance(name, str) and name in known for name in chosen):
        raise InputError(f"virtual microscope: conditions must be one or a list of {', '.join(known)}, not {names!r}")
    return {key: value for name in chosen for key, value in known[name].items()}


def _hard() -> dict[str, Any]:
    return {key: value for name, single in SINGLE_CONDITIONS.items() if name not in NOT_HARD for key, value in single.items()}
