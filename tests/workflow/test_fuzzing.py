"""Whatever stands in a sheet, a configuration or a raw file: nothing but an InputError comes out, and nothing is written.

Each test looks at inputs for about a quarter of a minute; hypothesis makes the next ones from those that were interesting, the same in
every run unless others are asked for (`tests/conftest.py`).
"""

import copy
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from rapidstem.errors import InputError
from rapidstem.files.acquisition_sheet import COLUMNS, KINDS, read_sheet
from rapidstem.files.image_stacks import read_stack
from rapidstem.frames.integration import integrate_frames
from rapidstem.frames.registration import register_frames
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import settings_from
from rapidstem_workflow.session_opening import open_session
from tests.workflow.tiny_session import FIELDS, configuration, sheet_text, write_session

SHEET = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
CONFIGURATION = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
RAW_FILE = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))

hostile_text = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["../../x", "a b", "$(touch x)", "`touch x`", "; rm -rf x", "日本", "\x00", "NaN", "1e999", "-0", "''", '"', "{0}", "%s"]
    ),
)
cell = st.one_of(hostile_text, st.sampled_from([*KINDS, "0", "60", "-90", "a", "b", "raw/a.emd", "raw/b.emd"]))
sheets = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(st.lists(cell, min_size=1, max_size=8), max_size=6).map(
        lambda rows: "\n".join(["\t".join(COLUMNS), *["\t".join(row) for row in rows]]).encode("utf-8", "surrogatepass")
    ),
    st.lists(st.sampled_from([*COLUMNS, "sort", ""]), max_size=9).map(lambda names: "\t".join(names).encode() + b"\na\ttest\t0\tx\ty\n"),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), hostile_text),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(hostile_text, inner, max_size=4)),
    max_leaves=6,
)


@contextmanager
def _refused_or_fine() -> Iterator[None]:
    """The way out of anything that a user can cause."""
    with suppress(InputError):
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the tiny session's configuration, in which the tests run; at the end, nothing else lies there."""
    path = tmp_path_factory.mktemp("fuzzing")
    write_session(path)
    before = Path.cwd()
    os.chdir(path)
    yield path
    os.chdir(before)
    assert {entry.name for entry in path.iterdir()} <= {"config", "sheet.tsv", "fuzzed.emd", "whole.emd", ".hypothesis"}
    assert {entry.name for entry in (path / "config").iterdir()} == {"config.yaml", "acquisitions.tsv"}


@SHEET
@given(content=sheets)
def test_any_sheet_is_read_or_refused(folder: Path, content: bytes) -> None:
    path = folder / "sheet.tsv"
    path.write_bytes(content)
    with _refused_or_fine():
        table = read_sheet(path)
        assert set(table["kind"]) <= set(KINDS) and table["acquisition"].is_unique
        assert table["acquisition"].str.fullmatch(r"[A-Za-z0-9_-]+").all()


def _keys(config: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in config.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from _keys(value, (*above, name))


def _complete_configuration() -> dict[str, Any]:
    return configuration() | {
        "reading": {"detector": "BF"},
        "distortion": {"method": "spline"},
        "training": {},
        "evaluation": {"frames": 2},
    }


@CONFIGURATION
@given(changes=st.lists(st.tuples(st.sampled_from([*_keys(_complete_configuration()), ("unknown",)]), values), min_size=1, max_size=3))
def test_any_configuration_is_accepted_or_refused(folder: Path, changes: list[tuple[tuple[str, ...], Any]]) -> None:
    config = copy.deepcopy(_complete_configuration())
    for key, value in changes:
        holder = config
        for name in key[:-1]:
            holder = holder[name] if isinstance(holder.get(name), dict) else holder.setdefault(name + "-", {})
        holder[key[-1]] = value
    with _refused_or_fine():
        assert open_session(config).folder.startswith("results/")


@CONFIGURATION
@given(config=st.one_of(values.filter(lambda value: isinstance(value, dict)), st.dictionaries(hostile_text, values, max_size=5)))
def test_any_dictionary_is_no_configuration(folder: Path, config: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        open_session(config)


@pytest.fixture(scope="module")
def whole_file(folder: Path) -> bytes:
    """The bytes of a small Velox file."""
    paths = {f"{column}_path": folder / f"{name}.emd" for column, name in (("rapid", "whole"), ("slow", "fuzzed"), ("truth", "sheet"))}
    paths["truth_path"] = folder / "sheet.tsv"
    simulate_acquisition(
        kind="training", name="whole", tilt_deg=0.0, settings=settings_from({"size_px": 32, "frames_per_field": 3}), **paths
    )
    return (folder / "whole.emd").read_bytes()


def _read(path: Path) -> None:
    with _refused_or_fine():
        stack = read_stack(path)
        assert stack.frames.shape == stack.shape and stack.pixel_size_nm > 0


@RAW_FILE
@given(places=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=16)), max_size=6), cut=st.floats(0, 1))
def test_any_damaged_file_is_read_or_refused(folder: Path, whole_file: bytes, places: list[tuple[float, bytes]], cut: float) -> None:
    content = bytearray(whole_file)
    for place, patch in places:
        start = round(place * (len(content) - len(patch)))
        content[start : start + len(patch)] = patch
    path = folder / "fuzzed.emd"
    path.write_bytes(content[: round(len(content) * max(cut * 1.5, 0.01))])
    _read(path)


documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), hostile_text),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["value", "DateTime", "width", "height"]), inner)),
    max_leaves=5,
)
_PLACES = [
    ("BinaryResult",), ("BinaryResult", "PixelSize"), ("BinaryResult", "PixelSize", "width"), ("BinaryResult", "PixelUnitX"),
    ("BinaryResult", "Detector"), ("Scan",), ("Scan", "DwellTime"), ("Stage",), ("Stage", "AlphaTilt"), ("CustomProperties",),
]  # fmt: skip


@RAW_FILE
@given(changes=st.lists(st.tuples(st.sampled_from(_PLACES), documents), min_size=1, max_size=3), frame=st.integers(0, 2))
def test_any_metadata_are_read_or_refused(folder: Path, whole_file: bytes, changes: list[tuple[tuple[str, ...], Any]], frame: int) -> None:
    path = folder / "fuzzed.emd"
    path.write_bytes(whole_file)
    with h5py.File(path, "r+") as file:
        metadata = next(iter(file["Data/Image"].values()))["Metadata"]
        document = json.loads(metadata[:, frame].tobytes().split(b"\0", 1)[0])
        for key, value in changes:
            holder = document
            for name in key[:-1]:
                holder = holder[name] if isinstance(holder.get(name), dict) else {}
            holder[key[-1]] = value
        text = json.dumps(document).encode()[: len(metadata)]
        metadata[:, frame] = np.frombuffer(text.ljust(len(metadata), b"\0"), np.uint8)
    _read(path)


dtypes = st.sampled_from(["u1", "i1", "u2", "i2", "u4", "f4", "f8", ">u2", "c8", "S4", "?"])
constants = st.sampled_from([0.0, 1.0, 1e30, -1e30, np.nan, np.inf])


def _filled(shape: tuple[int, ...], constant: float | None) -> np.ndarray:
    """Pixels that are all the same, or counts."""
    return np.random.default_rng(0).poisson(3.0, shape) if constant is None else np.full(shape, constant)


@RAW_FILE
@given(dtype=dtypes, shape=st.lists(st.integers(0, 40), min_size=1, max_size=4), constant=st.one_of(st.none(), constants))
def test_any_pixels_are_integrated_or_refused(
    folder: Path, whole_file: bytes, dtype: str, shape: list[int], constant: float | None
) -> None:
    path = folder / "fuzzed.emd"
    path.write_bytes(whole_file)
    with h5py.File(path, "r+") as file, np.errstate(all="ignore"):
        group = next(iter(file["Data/Image"].values()))
        del group["Data"]
        group["Data"] = _filled(tuple(shape), constant).astype(dtype)
    with _refused_or_fine():
        stack = read_stack(path)
        integrate_frames(stack.frames, register_frames(stack.frames))


def test_the_sound_session_passes(folder: Path) -> None:
    (folder / "sheet.tsv").write_text(sheet_text(FIELDS), encoding="utf-8")
    assert len(read_sheet(folder / "sheet.tsv")) == len(FIELDS)
    assert open_session(configuration()).name == "tiny"
