"""What names of raw files say of the place that they show."""

from pathlib import Path

import pytest

from rapidstem_workflow.acquisition_pairing import likeness, place_name


@pytest.mark.parametrize(
    ("one", "two", "alike"),
    [
        ("grain boundary 1 fast 100ns.emd", "grain boundary 1 slow 30us.emd", True),
        ("grain boundary 1 fast 100ns.emd", "grain boundary 2 slow 30us.emd", False),
        ("A_40deg_stack.tif", "a-40deg-ref.tif", True),
        ("grain boundary rapid.emd", "carbide slow.emd", False),
    ],
)
def test_places_are_one_where_their_names_and_numbers_are_alike(one: str, two: str, alike: bool) -> None:
    assert (likeness(Path(one), Path(two)) >= 0.8) == (likeness(Path(two), Path(one)) >= 0.8) == alike


def test_a_place_has_the_name_of_its_file_without_how_it_was_taken() -> None:
    assert place_name(Path("Steel 316 fast 100ns.emd")) == "Steel-316"
    assert place_name(Path("slow.emd")) == "slow"
