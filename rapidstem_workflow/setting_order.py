"""Settings as parameters of jobs: the same text for the same settings, however a person has written them."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from rapidstem.errors import InputError

# The order of a sweep's factors is that of its figures.
_ORDERED_BY_HAND = "sweep"


def in_one_order(value: Any) -> Any:
    """The same with the keys of all mappings sorted: Snakemake compares parameters as text. Lists stay as they are."""
    if isinstance(value, Mapping):
        return {key: in_one_order(value[key]) for key in sorted(value)}
    return [in_one_order(each) for each in value] if isinstance(value, list) else value


def bring_into_order(config: dict[str, Any]) -> None:
    """Sort the keys of a configuration in place, but for those of a sweep."""
    for key in sorted(config):
        value = config.pop(key)
        config[key] = value if key == _ORDERED_BY_HAND else in_one_order(value)


def without_defaults(given: Mapping[str, Any], settings_of: Callable[[Mapping[str, Any]], Any]) -> dict[str, Any]:
    """Those of the given settings without which others would result: a default that is written out changes nothing.

    Parameters
    ----------
    given
        Settings by name, as a configuration has them.
    settings_of
        Gives all settings, of a kind that can be compared, or an `InputError` for what cannot be.
    """
    kept = in_one_order(given)
    whole = settings_of(kept)
    for name in list(kept):
        rest = {key: value for key, value in kept.items() if key != name}
        with suppress(InputError):
            if settings_of(rest) == whole:
                kept = rest
    return dict(kept)
