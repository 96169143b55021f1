"""Headers of SER files: those of TIA are followed, and one whose counts do not fit the file is named before anything is read."""

import struct
from pathlib import Path

import pytest

from rapidstem.errors import InputError
from rapidstem.files.readers.ser_headers import check_ser
from rapidstem.files.readers.signal_series import parts_beside

SIZE = 600


def header(version: int = 0x0210, **changed: int) -> bytes:
    """A series of two images over as many dimensions as wanted, of which the last has a description and a unit."""
    said = {
        "order": 0x4949,
        "series": 0x0197,
        "total": 2,
        "valid": 2,
        "offsets": 90,
        "dimensions": 1,
        "description": 6,
        "unit": 2,
    } | changed
    start = [said[name] for name in ("order", "series")]
    content = struct.pack("<HHHIIII", *start, version, 0x4122, 0x4152, said["total"], said["valid"])
    content += struct.pack("<II" if version <= 0x0210 else "<QI", said["offsets"], said["dimensions"])
    for number in range(said["dimensions"], 0, -1):
        lengths = (said["description"], said["unit"]) if number == 1 else (3, 1)
        content += struct.pack("<IddI", 2, 0.0, 1.0, 2**32 - 1)
        content += b"".join(struct.pack("<I", length) + b"\xff" * min(length, 9) for length in lengths)
    return content.ljust(SIZE, b"\xff")


@pytest.mark.parametrize("version", [0x0200, 0x0210, 0x0220])
@pytest.mark.parametrize("sound", [{}, {"dimensions": 2}, {"dimensions": 8}, {"total": SIZE // 8}, {"description": 0, "unit": 0}])
def test_headers_of_every_version_are_followed(tmp_path: Path, version: int, sound: dict[str, int]) -> None:
    (tmp_path / "a.ser").write_bytes(header(version, **sound))
    check_ser(tmp_path / "a.ser")


@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize(
    "damage",
    [{name: 2**31} for name in ("total", "valid", "offsets", "description", "unit")] + [{"order": 0x4D4D}, {"series": 0x0198}],
)
def test_counts_and_lengths_that_do_not_fit_the_file_are_refused(tmp_path: Path, dimensions: int, damage: dict[str, int]) -> None:
    (tmp_path / "a.ser").write_bytes(header(**{"dimensions": dimensions} | damage))
    with pytest.raises(InputError, match=r"a\.ser: cannot be read, .*damaged"):
        check_ser(tmp_path / "a.ser")


@pytest.mark.parametrize("content", [header(dimensions=9), header()[:40], b""])
def test_too_many_dimensions_and_a_header_that_is_cut_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.ser").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.ser: cannot be read, .*damaged"):
        check_ser(tmp_path / "a.ser")


def test_the_pixels_of_an_emi_are_its_numbered_files_in_their_order_and_a_ser_has_one_emi(tmp_path: Path) -> None:
    for name in ("a.emi", "a_10.ser", "a_2.SER", "a_1.ser", "a_1_1.ser", "a_1b.ser", "ab_1.ser", "c_1.ser"):
        (tmp_path / name).touch()
    assert [part.name for part in parts_beside(tmp_path / "a.emi")] == ["a_1.ser", "a_2.SER", "a_10.ser"]
    assert parts_beside(tmp_path / "a_10.ser") == [tmp_path / "a.emi"] and parts_beside(tmp_path / "c_1.ser") == []
