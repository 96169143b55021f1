"""Values of settings that users give: their kinds, and rules that they must keep."""

from typing import Any

from rapidstem.errors import InputError


def require(holds: bool, key: str, rule: str) -> None:
    """Refuse a setting that breaks a rule."""
    if not holds:
        raise InputError(f"{key} {rule}")


def like_preset(preset: Any, key: str, value: Any) -> Any:
    """`value` in the type of the preset's value, where nothing is lost by it."""
    try:
        if isinstance(preset, tuple):
            converted, same = _tuple_like(preset, value), True
        else:
            converted = type(preset)(value)
            same = converted == value and isinstance(value, bool) == isinstance(preset, bool)
    except (TypeError, ValueError):
        same = False
    require(same, key, f"is {value!r}, should be like {list(preset) if isinstance(preset, tuple) else preset!r}")
    return converted


def _tuple_like(preset: tuple, value: Any) -> tuple:
    """A list's values in the type of the preset's; a text is no list."""
    kind = type(preset[0])
    if isinstance(value, str) or not all(isinstance(each, str) == (kind is str) for each in value):
        raise TypeError
    return tuple(kind(each) for each in value)
