"""Lengths and angles in the units that microscope files use."""

import html
import math
import re
from functools import lru_cache

_PREFIXES = {"": 1e9, "d": 1e8, "c": 1e7, "m": 1e6, "µ": 1e3, "u": 1e3, "n": 1.0, "p": 1e-3, "f": 1e-6}
_PREFIX_NAMES = {"deci": "d", "centi": "c", "milli": "m", "micro": "µ", "nano": "n", "pico": "p", "femto": "f"}
_NANOMETRES = (
    {f"{prefix}m": factor for prefix, factor in _PREFIXES.items()}
    | {f"{name}met{ending}": _PREFIXES[letter] for name, letter in ({"": ""} | _PREFIX_NAMES).items() for ending in ("er", "re")}
    | dict.fromkeys(("micron", "µ"), 1e3)
    | dict.fromkeys(("å", "a", "ang", "angstrom", "ångström", "ångstrom", "angström", "angstroem"), 0.1)
    | dict.fromkeys(("in", "inch", "inche", '"'), 25.4e6)
)
_DEGREES = {"deg": 1.0, "degree": 1.0, "°": 1.0, "º": 1.0, "rad": 180 / math.pi, "radian": 180 / math.pi, "mrad": 0.18 / math.pi}
# two code points look like the micro sign, two like the letter of the angstrom, and both are often read in the wrong encoding
_LOOK_ALIKES = {"\\mu": "µ", "Âµ": "µ", "Î¼": "µ", "Ã…": "Å", "Ã¥": "å", "Â°": "°", "μ": "µ", "\u212b": "Å", "A\u030a": "Å", "a\u030a": "å"}


def length_in_nm(value: float, unit: object) -> float | None:
    """`value` in nm, or None where `unit` is no length (empty, pixels, reciprocal lengths, angles).

    Parameters
    ----------
    value
        In the unit.
    unit
        As a file states it.

    Returns
    -------
    float or None
        In nm.

    Examples
    --------
    >>> length_in_nm(4.56e-3, "µm"), length_in_nm(4.56, "1/nm")
    (4.56, None)
    """
    factor = _factor(_NANOMETRES, unit)
    return None if factor is None else float(value) * factor


def angle_in_degrees(value: float, unit: object) -> float | None:
    """`value` in degrees, or None where `unit` is no angle.

    Parameters
    ----------
    value
        In the unit.
    unit
        As a file states it.

    Returns
    -------
    float or None
        In degrees.
    """
    factor = _factor(_DEGREES, unit)
    return None if factor is None else float(value) * factor


def is_reciprocal(unit: object) -> bool:
    """Whether a unit is that of diffraction patterns: a reciprocal length.

    Parameters
    ----------
    unit
        As a file has it.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_reciprocal("1 / nm"), is_reciprocal("$A^{-1}$"), is_reciprocal("nm")
    (True, True, False)
    """
    name = unit_name(unit)
    return name.startswith("1/") or name.endswith(("-1", "⁻¹"))


def unit_name(unit: object) -> str:
    """A unit in one spelling: without brackets, blanks, underscores and a share a pixel, escapes of characters resolved, in lower case.

    ImageJ writes the micro sign as the text of its escape, openNCEM units as `[n_m]`, HDF5 texts as bytes.

    Parameters
    ----------
    unit
        As a file states it: text, bytes, or nothing.

    Examples
    --------
    >>> unit_name("[n_m]")
    'nm'
    """
    return _one_spelling(_decoded(unit) if isinstance(unit, bytes) else "" if unit is None else str(unit))


# Every frame of a file states its units anew, nearly always the same ones.
@lru_cache(100)
def _one_spelling(text: str) -> str:
    text = html.unescape(re.sub(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))", lambda found: chr(int(found[1] or found[2], 16)), text))
    for wrong, right in _LOOK_ALIKES.items():
        text = text.replace(wrong, right)
    text = re.sub(r"[\s\0_${}\ufeff]", "", text).strip("[]().")
    return re.sub(r"(?<=.)(/|per)(px|pix|pixel)s?$", "", text, flags=re.IGNORECASE).lower()


def _decoded(unit: bytes) -> str:
    """UTF-8, else Latin-1, in which the micro sign is one byte."""
    try:
        return unit.decode("utf-8")
    except UnicodeDecodeError:
        return unit.decode("latin-1")


def _factor(factors: dict[str, float], unit: object) -> float | None:
    name = unit_name(unit)
    return factors.get(name, factors.get(name.removesuffix("s")) if len(name) > 2 else None)
