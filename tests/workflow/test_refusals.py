"""Every key of the configuration and every column of the sheet with values that nobody should get away with.

All are refused with the key, the row or the file in the message, before any job starts, and nothing but an InputError leaves the check.
"""

import copy
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rapidstem.errors import InputError
from rapidstem.microscope.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import settings_from
from tests.workflow.tiny_session import FIELDS, configuration, sheet_text, write_session
from workflow.session import check_raw_files, open_session

HOSTILE = [None, "", [], {}, -1, 0, math.inf, math.nan, "x", True, [1], {"a": 1}, "$(touch x)", "../../x", "日本", 10**30]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tiny session's configuration and sheet, in which the test runs."""
    write_session(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _keys(config: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in config.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from _keys(value, (*above, name))


def _changed(config: dict[str, Any], key: tuple[str, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(config)
    holder = changed
    for name in key[:-1]:
        holder = holder[name]
    holder[key[-1]] = copy.deepcopy(value)
    return changed


def test_hostile_values_of_every_key_are_accepted_or_refused_by_name(folder: Path) -> None:
    complete = open_session(configuration()).config
    refused = 0
    for key in _keys(complete):
        for value in HOSTILE:
            try:
                open_session(_changed(complete, key, value))
            except InputError as error:
                refused += 1
                assert key[0] in str(error), (key, value, str(error))
    assert refused > 300
    assert sorted(path.name for path in folder.iterdir()) == ["config"], "a check has written something"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (("session",), "../../x"),
        (("session",), "a b"),
        (("session",), "$(touch x)"),
        (("session",), 7),
        (("acquisitions",), "config"),
        (("acquisitions",), "none.tsv"),
        (("simulate", "seed"), -1),
        (("simulate", "size_px"), 4),
        (("simulate", "size_px"), 1.5),
        (("simulate", "tilt_frames"), True),
        (("simulate", "electrons_per_px"), -3),
        (("simulate", "foil_normal"), [1, 2]),
        (("simulate", "calibration_specimen"), "cheese"),
        (("reading", "detector"), ""),
        (("reading", "pixel_size_nm"), 0),
        (("reading", "pixel_size_nm"), "4.56 nm"),
        (("reading", "line_time_s"), math.nan),
        (("reading", "frame_interval_s"), 0),
        (("distortion",), "no/map.csv"),
        (("distortion",), {"method": "guess"}),
        (("distortion",), {"methd": "spline"}),
        (("training",), {"similar_to": "train-a"}),
        (("training",), {"largest_histogram_distance": -1}),
        (("training",), {"single_frames": "perhaps"}),
        (("denoisers",), "dlf-slow"),
        (("denoisers",), [{"steps": 3}]),
        (("denoisers",), [{"name": "dlf-slow", "steps": "many"}]),
        (("denoisers",), [{"name": "dlf-slow", "width": 0}]),
        (("denoisers",), [{"name": "dlf-slow", "preset": "mine"}]),
        (("denoisers",), [{"name": "dlf-slow", "target": "none"}]),
        (("denoisers",), [{"name": "noise2noise", "lesson": "history"}]),
        (("denoisers",), [{"name": "noise2void", "mask_px": -1}]),
        (("denoisers",), [{"name": "hourglass", "electrons": [80, 5]}]),
        (("denoisers",), [{"name": "dlf-100", "most_frames": -1}]),
        (("denoisers",), [{"name": "bm3d", "noise_models": ["pink"]}]),
        (("denoisers",), [{"name": "dlf-slow", "patch_size_px": 60, "depth": 3}]),
        (("denoisers",), [{"name": "dlf-slow", "network": "transformer"}]),
        (("denoisers",), [{"name": "dlf-slow", "processes": 3}]),
        (("denoisers",), [{"name": "dlf-slow", "flip_averaging": "often"}]),
        (("denoisers",), [{"name": "noise2noise", "patience_steps": 400}]),
        (("denoisers",), [{"name": "dlf-slow", "model": "nowhere"}]),
        (("denoisers",), [{"name": "dlf-slow", "start_from": "nowhere"}]),
        (("tomography", "denoisers"), ["dlf-dcfi"]),
        (("tomography", "denoisers"), ["dlf-slow", "dlf-slow"]),
        (("tomography", "thickness_nm"), math.inf),
        (("tomography", "thickness_nm"), -300),
        (("tomography", "geometry"), "per-column"),
        (("tomography", "geometry"), ["per-row", "per-row"]),
        (("tomography", "geometry"), []),
        (("tomography", "tilt_axis"), "z"),
        (("tomography", "iterations"), 0.5),
        (("tomography", "slice_blocks"), 0),
        (("tomography", "binarisation"), "medium"),
        (("tomography", "reconstruction"), "magic"),
        (("crystal",), {"x": [2, 0, 0]}),
        (("crystal",), {"x": [2, 0], "z": [0, 0, 1]}),
        (("crystal",), {"x": [2, 0, 0], "z": [1, 0, 1]}),
        (("in_situ", "denoisers"), ["bm3d"]),
        (("in_situ", "denoisers"), []),
        (("in_situ", "last_frames"), 1),
        (("evaluation", "frames"), -1),
        (("evaluation", "pairing_radius_nm"), "far"),
        (("surprise",), 1),
    ],
)
def test_wrong_value_is_refused_with_its_key(folder: Path, key: tuple[str, ...], value: object) -> None:
    config = open_session(configuration()).config
    with pytest.raises(InputError) as caught:
        open_session(_changed(config, key, value))
    assert key[-1] in str(caught.value)


def _row(name: str = "x", kind: str = "test", tilt: str = "0", rapid: str = "x.rapid.emd", slow: str = "x.slow.emd") -> str:
    return f"{name}\t{kind}\t{tilt}\t{rapid}\t{slow}\n"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (_row(name=""), ["line 7", "acquisition"]),
        (_row(name="a b"), ["line 7", "a b"]),
        (_row(name="../../x"), ["line 7", "../../x"]),
        (_row(name="$(touch x)"), ["line 7", "$(touch x)"]),
        (_row(name="日本"), ["line 7", "日本"]),
        (_row(name="series"), ["line 7", "line 6", "series"]),
        (_row(kind=""), ["line 7", "kind"]),
        (_row(kind="Training"), ["line 7", "Training", "training"]),
        (_row(tilt=""), ["line 7", "tilt"]),
        (_row(tilt="nan"), ["line 7", "nan"]),
        (_row(tilt="1e9"), ["line 7", "1e9"]),
        (_row(tilt="10°"), ["line 7", "10°"]),
        (_row(kind="tilt_series", tilt="5"), ["line 7", "tilt"]),
        (_row(rapid=""), ["line 7", "rapid"]),
        (_row(slow="x.rapid.emd"), ["line 7", "rapid and slow"]),
        (_row().rstrip("\n") + "\tmore\tand more\n", ["line 7"]),
    ],
)
def test_wrong_row_is_refused_with_its_line(folder: Path, row: str, words: list[str]) -> None:
    (folder / "config/acquisitions.tsv").write_text(sheet_text(FIELDS) + row, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        open_session(configuration())
    assert all(word in str(caught.value) for word in ["acquisitions.tsv", *words]), str(caught.value)


@pytest.fixture(scope="module")
def raw_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw files of every acquisition of the tiny session, smaller still."""
    raw = tmp_path_factory.mktemp("raw")
    settings = settings_from({"size_px": 32, "frames_per_field": 3, "tilt_frames": 5})
    for name, kind, tilt in FIELDS:
        paths = {f"{column}_path": raw / f"{name}.{column}.emd" for column in ("rapid", "slow", "truth")}
        simulate_acquisition(kind=kind, name=name, tilt_deg=float(tilt) if tilt else None, settings=settings, **paths)
    return raw


@pytest.fixture
def own_session(folder: Path, raw_files: Path) -> Path:
    """The folder with a sheet that leads to raw files of one's own."""
    shutil.copytree(raw_files, folder, dirs_exist_ok=True)
    sheet = sheet_text(FIELDS).replace("../results/tiny/raw/", "../")
    (folder / "config/acquisitions.tsv").write_text(sheet, encoding="utf-8")
    return folder


def _own_configuration() -> dict[str, Any]:
    return {key: value for key, value in configuration().items() if key != "simulate"}


def test_sound_files_pass(own_session: Path) -> None:
    check_raw_files(open_session(_own_configuration()))


def _cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _is_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        Path.unlink,
        _cut_in_half,
        _is_a_folder,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100)),
        lambda path: path.write_text("a letter, not an image"),
        lambda path: path.write_bytes(bytes(range(256)) * 64),
    ],
    ids=["missing", "truncated", "folder", "empty", "signature alone", "text", "noise"],
)
def test_damaged_file_is_named_with_its_row(own_session: Path, damage: Callable[[Path], object]) -> None:
    damaged = own_session / "train-b.rapid.emd"
    damage(damaged)
    with pytest.raises(InputError) as caught:
        check_raw_files(open_session(_own_configuration()))
    said = str(caught.value)
    assert "train-b" in said and str(damaged) in said
    assert "train-a" not in said.replace("train-a.", ""), "a sound file is blamed"
