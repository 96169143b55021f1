"""Everything about the virtual microscope and its specimens that can be chosen."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from rapidstem.errors import InputError
from rapidstem.microscope import condition_settings
from rapidstem.microscope.condition_settings import FoilConditions, InstrumentConditions
from rapidstem.microscope.hard_conditions import named_conditions

# At 80 degrees the beam's way through the foil is six times its thickness; tables of contrast end there.
LARGEST_TILT_DEG = 80.0
# Anything narrower is no object for images of this kind.
SMALLEST_WIDTH_NM = 1.0
CALIBRATION_SPECIMENS = ("gold-grating", "dislocations")


@dataclass(frozen=True)
class MicroscopeSettings(InstrumentConditions, FoilConditions):
    """The virtual microscope, its specimen and its imperfections; the defaults make the demo session.

    Strengths without a unit are fractions of the image's background intensity. Counts of the two images are
    `offset + gain * intensity`, the intensity being 1 on the background of the untilted foil.
    """

    seed: int = 1

    size_px: int = 256
    pixel_size_nm: float = 4.56
    dwell_time_s: float = 114e-9
    line_time_s: float = 117.2e-6
    frame_period_s: float = 0.07
    slow_dwell_time_s: float = 6.1e-6
    frames_per_field: int = 50
    long_field: str = ""
    frames_per_long_field: int = 2500
    in_situ_frames: int = 120
    glide_speed_nm_per_s: float = 0.0
    sweep_glide_speed_nm_per_s: float = 0.0

    foil_thickness_nm: float = 300.0
    foil_normal: tuple[float, float, float] = (0.0, 1.0, 3.0)
    lattice_parameter_nm: float = 0.3595
    poisson_ratio: float = 0.29
    dislocation_density_per_m2: float = 2.5e13
    line_curvature_per_um: float = 0.7
    network_path: str | None = None
    calibration_specimen: str = "gold-grating"

    extinction_distance_nm: float = 40.0
    absorption_distance_nm: float = 400.0
    deviation_per_nm: float = 0.005
    convergence_mrad: float = 1.2
    probe_size_nm: float = 12.0
    mean_free_path_nm: float = 850.0
    background_strength: float = 0.08
    background_length_nm: float = 900.0

    electrons_per_px: float = 20.0
    slow_dose_factor: float = 50.0
    lag_decay: tuple[float, ...] = (0.45, 0.85)
    lag_weight: tuple[float, ...] = (0.85, 0.15)
    streak_strength: float = 0.03
    streak_length_px: float = 40.0
    row_offset_strength: float = 0.02
    rapid_offset: float = 6000.0
    rapid_gain: float = 7000.0
    slow_offset: float = 7500.0
    slow_gain: float = 8200.0
    slow_nonlinearity: float = 0.12

    hysteresis_extra_view: float = 0.065
    hysteresis_decay: float = 0.2
    hysteresis_end_view: float = 0.008
    jitter_px: float = 0.6
    drift_px_per_s: float = 0.8
    slow_shift_px: float = 1.2

    tilt_start_deg: float = -70.0
    tilt_stop_deg: float = 70.0
    tilt_frames: int = 71
    slow_tilt_step_deg: float = 2.0
    tilt_ramp_s: float = 0.25
    tilt_ripple: float = 0.06
    reading_offset_deg: float = 0.4
    reading_wander_deg: float = 0.9
    reading_noise_deg: float = 0.15
    slow_tilt_error_deg: float = 0.05

    def __post_init__(self) -> None:
        self._check_values()
        self._check_conditions()
        self._check_scan()

    def _check_values(self) -> None:
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise InputError(f"virtual microscope: {name} must be positive, not {getattr(self, name)!r}")
        for name, (lowest, highest) in _LIMITS.items():
            if not lowest <= getattr(self, name) <= highest:
                raise InputError(f"virtual microscope: {name} must lie from {lowest} to {highest}, not {getattr(self, name)}")
        if self.calibration_specimen not in CALIBRATION_SPECIMENS:
            choice = " or ".join(CALIBRATION_SPECIMENS)
            raise InputError(f"virtual microscope: calibration_specimen must be {choice}, not {self.calibration_specimen!r}")
        if len(self.foil_normal) != 3 or self.foil_normal[0] != 0 or not any(self.foil_normal):
            raise InputError(
                f"virtual microscope: foil_normal {self.foil_normal} must be perpendicular to the tilt axis [100], as (0, k, l)"
            )

    def _check_conditions(self) -> None:
        for name in condition_settings.RANGES:
            values = getattr(self, name)
            lowest = SMALLEST_WIDTH_NM if name in condition_settings.WIDTHS else 0.0
            highest = condition_settings.LARGEST_SHARE if name in condition_settings.SHARES else float("inf")
            if len(values) != 2 or not lowest <= values[0] <= values[1] <= highest:
                raise InputError(f"virtual microscope: {name} must be a lower and an upper bound, as {_DEFAULTS[name]}, not {values}")
        if len(self.vibration_hz) != len(self.vibration_share) or not all(value > 0 for value in self.vibration_hz):
            raise InputError("virtual microscope: vibration_hz (each positive) and vibration_share must have the same length")

    def _check_scan(self) -> None:
        if (
            len(self.lag_decay) != len(self.lag_weight)
            or not all(0 <= decay < 1 for decay in self.lag_decay)
            or not all(weight >= 0 for weight in self.lag_weight)
            or not sum(self.lag_weight) > 0
        ):
            raise InputError(
                "virtual microscope: lag_decay (each from 0 to below 1) and lag_weight (none below 0, one above) must have the same length"
            )
        if max(abs(self.tilt_start_deg), abs(self.tilt_stop_deg)) > LARGEST_TILT_DEG:
            raise InputError(f"virtual microscope: tilt_start_deg and tilt_stop_deg must lie within {LARGEST_TILT_DEG} degrees either way")
        if self.line_time_s < self.size_px * self.dwell_time_s:
            raise InputError(f"virtual microscope: line_time_s is shorter than {self.size_px} pixels of dwell_time_s")
        if self.frame_period_s < self.frame_time_s:
            raise InputError(f"virtual microscope: frame_period_s is shorter than the scan of a frame, {self.frame_time_s:.4g} s")

    @property
    def frame_time_s(self) -> float:
        """Time to scan one rapid frame, without the storing time."""
        return self.size_px * self.line_time_s

    @property
    def strained(self) -> bool:
        """Whether lines glide, in in-situ series or before or during later tilt series."""
        return self.glide_speed_nm_per_s > 0 or self.sweep_glide_speed_nm_per_s > 0

    @property
    def slow_line_time_s(self) -> float:
        """Time from row to row of the slow scan: its dwell times and the same fly-back as in the rapid scan."""
        return self.line_time_s + self.size_px * (self.slow_dwell_time_s - self.dwell_time_s)

    @property
    def field_nm(self) -> float:
        """Width and height of the field of view."""
        return self.size_px * self.pixel_size_nm


_LIMITS = {
    "seed": (0, 2**63 - 1),
    "size_px": (8, 16384),
    "frames_per_field": (1, 100_000),
    "frames_per_long_field": (1, 100_000),
    "in_situ_frames": (2, 100_000),
    "glide_speed_nm_per_s": (0, 10_000),
    "sweep_glide_speed_nm_per_s": (0, 10_000),
    "tilt_frames": (1, 100_000),
    "streak_strength": (0, 10),
    "row_offset_strength": (0, 10),
    "jitter_px": (0, 1000),
    "slow_shift_px": (0, 1000),
    "reading_noise_deg": (0, 90),
    **condition_settings.LIMITS,
}
_POSITIVE = (
    "size_px",
    "pixel_size_nm",
    "dwell_time_s",
    "line_time_s",
    "frame_period_s",
    "slow_dwell_time_s",
    "frames_per_field",
    "frames_per_long_field",
    "in_situ_frames",
    "foil_thickness_nm",
    "lattice_parameter_nm",
    "dislocation_density_per_m2",
    "extinction_distance_nm",
    "absorption_distance_nm",
    "convergence_mrad",
    "probe_size_nm",
    "mean_free_path_nm",
    "background_length_nm",
    "electrons_per_px",
    "slow_dose_factor",
    "streak_length_px",
    "rapid_gain",
    "slow_gain",
    "hysteresis_decay",
    "tilt_frames",
    "slow_tilt_step_deg",
)


def settings_from(values: Mapping[str, Any]) -> MicroscopeSettings:
    """Make settings from the keys that differ from the defaults.

    Parameters
    ----------
    values
        Names of `MicroscopeSettings` and their values; lists stand for tuples. Under `conditions` the name of a set of hard conditions,
        or several names, whose settings hold where no value of their own is given.

    Raises
    ------
    InputError
        A name is unknown, or a value has the wrong type or is out of its range.
    """
    given = {**named_conditions(values.get("conditions", "demo")), **values}
    given.pop("conditions", None)
    unknown = sorted(set(given) - set(_DEFAULTS))
    if unknown:
        raise InputError(f"virtual microscope: unknown key {', '.join(unknown)}; known are conditions, {', '.join(_DEFAULTS)}")
    return MicroscopeSettings(**{name: _converted(name, value, _DEFAULTS[name]) for name, value in given.items()})


_DEFAULTS = {field.name: field.default for field in fields(MicroscopeSettings)}


def _expanded(path: str) -> str:
    """A path with its environment variables filled in."""
    found = os.path.expandvars(path)
    if "$" in found:
        raise InputError(f"virtual microscope: network_path {path} names an environment variable that is not set; set it or write the path")
    return found


def _converted(name: str, value: Any, default: Any) -> Any:
    if name == "network_path":
        return None if value is None else _expanded(str(value))
    try:
        if isinstance(default, tuple):
            return tuple(_finite(item) for item in value)
        if isinstance(value, bool) or (isinstance(default, int) and int(value) != value):
            raise TypeError
        return _finite(value) if isinstance(default, float) else type(default)(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"virtual microscope: {name} should look like {default!r}, not {value!r}") from error


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number
