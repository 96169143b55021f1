"""Lengths in the units that microscope files use."""

_NANOMETRES = {
    "m": 1e9,
    "meter": 1e9,
    "metre": 1e9,
    "mm": 1e6,
    "um": 1e3,
    "µm": 1e3,
    "micron": 1e3,
    "microns": 1e3,
    "micrometer": 1e3,
    "micrometre": 1e3,
    "nm": 1.0,
    "nanometer": 1.0,
    "nanometre": 1.0,
    "å": 0.1,
    "a": 0.1,
    "ang": 0.1,
    "angstrom": 0.1,
    "angstroms": 0.1,
    "pm": 1e-3,
}


def length_in_nm(value: float, unit: object) -> float | None:
    """`value` in nm, or None where `unit` is no length (empty, pixels, reciprocal lengths, angles)."""
    # two code points look like the micro sign, and two like the letter of the angstrom
    name = str(unit).strip().replace("μ", "µ").replace("\u212b", "Å").lower()
    factor = _NANOMETRES.get(name)
    return None if factor is None else float(value) * factor
