"""Microscopes and specimens drawn at random, wide enough that a real one lies among them.

The ranges hold what the field works with: doses of rapid frames from the fewest electrons that show a line to a bright source, pixels from
a magnified view to an overview, foils and densities of steels and other metals. What spans a decade is drawn log-uniformly.
"""

from typing import Any

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings

LOG_UNIFORM = {
    "electrons_per_px": (4.0, 60.0),
    "pixel_size_nm": (1.5, 10.0),
    "foil_thickness_nm": (100.0, 500.0),
    "dislocation_density_per_m2": (5e12, 1.2e14),
    "extinction_distance_nm": (20.0, 90.0),
    "streak_length_px": (8.0, 120.0),
    "background_strength": (0.01, 0.2),
    "background_length_nm": (250.0, 2000.0),
    "rapid_gain": (1000.0, 15000.0),
}
UNIFORM = {
    "deviation_per_nm": (0.001, 0.02),
    "probe_size_nm": (3.0, 16.0),
    "mean_free_path_nm": (500.0, 1500.0),
    "line_curvature_per_um": (0.2, 3.0),
    "streak_strength": (0.0, 0.07),
    "row_offset_strength": (0.0, 0.05),
    "rapid_offset": (0.0, 10000.0),
    "hysteresis_extra_view": (0.0, 0.1),
    "hysteresis_decay": (0.1, 0.4),
}
# Each only in a share of the fields: most foils have few of them.
SOMETIMES = {
    "bend_contours": 0.3,
    "dirt": 0.3,
    "wedge": 0.2,
    "faint-lines": 0.4,
    "slip-bands": 0.1,
    "beam": 0.3,
    "detector": 0.2,
    "no lines": 0.05,
    "no lag": 0.2,
    "no streaks": 0.2,
}
# Dark-field images are bright where a bright-field one is dark.
DARK_FIELD_SHARE = 0.2
DARK_FIELD_LEVEL = (0.02, 0.4)
GRATING_SHARE = 0.06
GRATING_PIXEL_NM = (0.3, 3.0)
TILT_DEG = (0.0, 75.0)
FOIL_NORMALS = ((0.0, 1.0, 3.0), (0.0, 0.0, 1.0), (0.0, 1.0, 1.0), (0.0, 1.0, 2.0), (0.0, 3.0, 1.0))
"""Zone axes near which foils are tilted about [100]."""


def random_settings(size_px: int, rng: np.random.Generator) -> MicroscopeSettings:
    """Draw a microscope and its specimen.

    Parameters
    ----------
    size_px
        Side of its frames.
    rng
        Decides everything, the seed of the specimen included.
    """
    values: dict[str, Any] = {name: float(np.exp(rng.uniform(*np.log(bounds)))) for name, bounds in LOG_UNIFORM.items()}
    values |= {name: float(rng.uniform(*bounds)) for name, bounds in UNIFORM.items()}
    values["foil_normal"] = FOIL_NORMALS[rng.integers(len(FOIL_NORMALS))]
    values |= _lag(rng)
    for condition, share in SOMETIMES.items():
        if rng.uniform() < share:
            values |= _CONDITIONS[condition](values["pixel_size_nm"] * size_px, rng)
    scan_s = size_px * MicroscopeSettings.line_time_s
    values["frame_period_s"] = max(MicroscopeSettings.frame_period_s, scan_s)
    return MicroscopeSettings(seed=int(rng.integers(2**62)), size_px=size_px, **values)


def grating_pixel_nm(rng: np.random.Generator) -> float:
    """Draw a pixel for the particles of a grating, which are small: they are looked at with a high magnification, too.

    Parameters
    ----------
    rng
        Decides.

    Returns
    -------
    float
        In nm.
    """
    return float(np.exp(rng.uniform(*np.log(GRATING_PIXEL_NM))))


def dark_field(intensity: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn a bright-field image (y, x) into a dark-field one, or leave it, at random; its brightest pixel stays as bright.

    Parameters
    ----------
    intensity : np.ndarray, (y, x)
        Noise-free.
    rng
        Decides.

    Returns
    -------
    np.ndarray, (y, x)
    """
    level = rng.uniform(*DARK_FIELD_LEVEL)
    if rng.uniform() >= DARK_FIELD_SHARE:
        return intensity
    lowest, highest = intensity.min(), intensity.max()
    return highest * (level + (1 - level) * (highest - intensity) / max(highest - lowest, 1e-6))


def random_tilt_deg(rng: np.random.Generator) -> float:
    """Draw the tilt of a field, either way.

    Parameters
    ----------
    rng
        Decides.

    Returns
    -------
    float
        In degrees.
    """
    return float(rng.choice((-1, 1)) * rng.uniform(*TILT_DEG))


def _lag(rng: np.random.Generator) -> dict[str, Any]:
    """A short and a long memory of the detector; the long one has the smaller share."""
    share = float(rng.uniform(0, 0.3))
    return {"lag_decay": (float(rng.uniform(0, 0.7)), float(rng.uniform(0.7, 0.93))), "lag_weight": (1 - share, share)}


def _bend_contours(field_nm: float, rng: np.random.Generator) -> dict[str, Any]:
    narrow, wide = sorted(rng.uniform(0.05, 0.6, 2) * field_nm)
    return {
        "bend_contours": int(rng.integers(1, 3)),
        "bend_contour_width_nm": (max(narrow, 1.0), max(wide, 1.0)),
        "bend_contour_depth": (0.1, 0.6),
    }


def _dirt(_: float, rng: np.random.Generator) -> dict[str, Any]:
    names = ("particles_per_um2", "contamination_per_um2", "precipitates_per_um2")
    return {name: float(rng.uniform(0, 10)) for name in names}


def _wedge(_: float, rng: np.random.Generator) -> dict[str, Any]:
    return {"thickness_wedge": float(rng.uniform(0, 0.4)), "thickness_steps": int(rng.integers(0, 3))}


def _faint_lines(_: float, rng: np.random.Generator) -> dict[str, Any]:
    shares = {"faint_line_share": float(rng.uniform(0.1, 0.6)), "faint_line_contrast": float(rng.uniform(0.2, 0.8))}
    return shares | {"residual_contrast": float(rng.uniform(0, 1.5))}


def _slip_bands(field_nm: float, rng: np.random.Generator) -> dict[str, Any]:
    return {"slip_bands": int(rng.integers(1, 3)), "slip_band_width_nm": 0.2 * field_nm}


def _beam(_: float, rng: np.random.Generator) -> dict[str, Any]:
    return {"beam_fluctuation": float(rng.uniform(0, 0.05))}


def _detector(_: float, rng: np.random.Generator) -> dict[str, Any]:
    return {"hot_pixel_share": float(rng.uniform(0, 3e-4)), "saturation_intensity": float(rng.uniform(1.2, 2.5))}


def _no_lines(_: float, __: np.random.Generator) -> dict[str, Any]:
    return {"faint_line_share": 1.0, "faint_line_contrast": 0.0, "residual_contrast": 0.0, "slip_bands": 0}


def _no_lag(_: float, __: np.random.Generator) -> dict[str, Any]:
    return {"lag_decay": (0.0,), "lag_weight": (1.0,)}


def _no_streaks(_: float, __: np.random.Generator) -> dict[str, Any]:
    return {"streak_strength": 0.0, "row_offset_strength": 0.0}


_CONDITIONS = {
    "bend_contours": _bend_contours,
    "dirt": _dirt,
    "wedge": _wedge,
    "faint-lines": _faint_lines,
    "slip-bands": _slip_bands,
    "beam": _beam,
    "detector": _detector,
    "no lines": _no_lines,
    "no lag": _no_lag,
    "no streaks": _no_streaks,
}
