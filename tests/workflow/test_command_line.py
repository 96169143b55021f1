"""Values that are given on the command line."""

import pytest

from rapidstem.errors import InputError
from rapidstem_workflow.command_line import given_values
from rapidstem_workflow.configuration_checks import configuration_schema

SCHEMA = configuration_schema()


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("tomography={iterations: 7}", {"iterations": 7}),
        ("tomography={iterations: seven}", {"iterations": "seven"}),
        ("reading={dwell_time_s: 1e-6}", {"dwell_time_s": 1e-6}),
        ("training={largest_histogram_distance: null}", {"largest_histogram_distance": None}),
        ("tomography={geometry: per-frame}", {"geometry": "per-frame"}),
        ("denoisers=[{name: dlf-slow, steps: 60}]", [{"name": "dlf-slow", "steps": 60}]),
        ("leave_out=[007, test-b]", ["007", "test-b"]),
        ("session=007", "007"),
        ("session=2021-05-06", "2021-05-06"),
        ("session=yes", "yes"),
        ("distortion=map.csv", "map.csv"),
        ("unknown=3", 3),
    ],
)
def test_a_value_is_of_the_type_that_the_schema_asks_for(entry: str, value: object) -> None:
    (found,) = given_values([entry], SCHEMA).values()
    assert found == value and type(found) is type(value)


def test_braces_that_are_not_closed_are_named() -> None:
    with pytest.raises(InputError, match=r"--config tomography=\{iterations: 7: .*name: value"):
        given_values(["tomography={iterations: 7"], SCHEMA)
