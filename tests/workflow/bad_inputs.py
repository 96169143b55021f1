"""Bad inputs, and what each of them is answered; `python -m tests.workflow.bad_inputs` writes the tables into `docs/bad-input.md`."""

import copy
import math
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import read_stack
from rapidstem.frames.registration import register_frames
from rapidstem_workflow.raw_file_checks import check_raw_files
from rapidstem_workflow.session_opening import open_session
from tests.workflow.damaged_files import DAMAGES, FIELD, PIXEL_DAMAGES, write_raw_files
from tests.workflow.tiny_session import FIELDS, ROOT, configuration, sheet_text, write_session

PAGE = ROOT / "docs/bad-input.md"

WRONG_VALUES: list[tuple[tuple[str, ...], Any]] = [
    (("session",), "../../x"),
    (("session",), "a b"),
    (("session",), "$(touch x)"),
    (("session",), 7),
    (("session",), "x" * 101),
    (("leave_out",), [20240131]),
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
    (("denoisers",), [{"name": "dlf-slow"}, {"name": "noise2noise", "sampler": "history"}]),
    (("denoisers",), [{"name": "dlf-slow"}, {"name": "noise2void", "mask_px": -1}]),
    (("denoisers",), [{"name": "dlf-slow"}, {"name": "hourglass", "electrons": [80, 5]}]),
    (("denoisers",), [{"name": "dlf-slow"}, {"name": "dlf-100", "most_frames": -1}]),
    (("denoisers",), [{"name": "dlf-slow"}, {"name": "bm3d", "noise_models": ["pink"]}]),
    (("denoisers",), [{"name": "dlf-slow", "patch_size_px": 60, "depth": 3}]),
    (("denoisers",), [{"name": "dlf-slow", "network": "transformer"}]),
    (("denoisers",), [{"name": "dlf-slow", "processes": 3}]),
    (("denoisers",), [{"name": "dlf-slow", "flip_averaging": "often"}]),
    (("denoisers",), [{"name": "dlf-slow"}, {"name": "noise2noise", "patience_steps": 400}]),
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
]


def row(name: str = "x", kind: str = "test", tilt: str = "0", rapid: str = "x.rapid.emd", slow: str = "x.slow.emd") -> str:
    """A row of a sheet."""
    return f"{name}\t{kind}\t{tilt}\t{rapid}\t{slow}\n"


WRONG_ROWS: list[tuple[str, list[str]]] = [
    (row(name=""), ["line 7", "acquisition"]),
    (row(name="a b"), ["line 7", "a b"]),
    (row(name="../../x"), ["line 7", "../../x"]),
    (row(name="$(touch x)"), ["line 7", "$(touch x)"]),
    (row(name="日本"), ["line 7", "日本"]),
    (row(name="series"), ["line 7", "line 6", "series"]),
    (row(kind=""), ["line 7", "kind"]),
    (row(kind="Training"), ["line 7", "Training", "training"]),
    (row(tilt=""), ["line 7", "tilt"]),
    (row(tilt="nan"), ["line 7", "nan"]),
    (row(tilt="1e9"), ["line 7", "1e9"]),
    (row(tilt="10°"), ["line 7", "10°"]),
    (row(kind="tilt_series", tilt="5"), ["line 7", "tilt"]),
    (row(rapid=""), ["line 7", "rapid"]),
    (row(kind="tilt_series", tilt="", rapid=""), ["line 7", "rapid", "recorded once stands here"]),
    (row(slow="x.rapid.emd"), ["line 7", "rapid and slow"]),
    (row(name="x" * 101), ["line 7", "at most 100 characters"]),
    (row(tilt="2_0"), ["line 7", "2_0"]),
    (row(tilt="12,5"), ["line 7", "12,5"]),
    (row(rapid='"x.rapid.emd'), ["line 7", "quotation mark"]),
    (row(rapid="x{1}.emd"), ["row of x", "column rapid", "x{1}.emd", "braces"]),
    (row().rstrip("\n") + "\tmore\tand more\n", ["line 7"]),
]


def changed(config: dict[str, Any], key: tuple[str, ...], value: object) -> dict[str, Any]:
    """A configuration in which one key has another value."""
    result = copy.deepcopy(config)
    holder = result
    for name in key[:-1]:
        holder = holder[name]
    holder[key[-1]] = copy.deepcopy(value)
    return result


def own_configuration() -> dict[str, Any]:
    """The configuration of the tiny session for raw files of one's own."""
    return {key: value for key, value in configuration().items() if key != "simulate"}


def write_own_session(folder: Path, raw: Path) -> None:
    """A session whose sheet leads to raw files in its own folder, copied from another."""
    shutil.copytree(raw, folder, dirs_exist_ok=True)
    write_session(folder, own_configuration(), sheet_text(FIELDS).replace("../results/tiny/raw/", "../"))


def answer(check: Callable[[], object]) -> str:
    """What a check says that must refuse its input: the first complaint, without what the libraries add."""
    try:
        check()
    except InputError as error:
        lines = str(error).splitlines()
        said = lines[1 if lines[0].endswith(":") and len(lines) > 1 else 0].strip()
        return re.sub(r" \([^()]*(\([^()]*\)[^()]*)*\)(?=;|,)", "", said.replace(f"{Path.cwd()}/", ""))
    raise AssertionError("bad input was accepted")


def _values(folder: Path) -> list[tuple[str, str]]:
    complete = open_session(configuration()).config
    rows = []
    for key, value in WRONG_VALUES:
        config = changed(complete, key, value)
        rows.append((f"`{'.'.join(key)}: {value}`", answer(lambda config=config: open_session(config))))
    return rows


def _rows(folder: Path) -> list[tuple[str, str]]:
    rows = []
    for text, _ in WRONG_ROWS:
        write_session(folder, sheet=sheet_text(FIELDS) + text)
        rows.append((f"`{text.strip()}`".replace("\t", " → "), answer(lambda: open_session(configuration()))))
    return rows


def _files(folder: Path) -> list[tuple[str, str]]:
    raw, rows = folder / "raw", []
    raw.mkdir()
    write_raw_files(raw)
    for number, (happened, name, damage) in enumerate(DAMAGES):
        session = folder / str(number)
        write_own_session(session, raw)
        damage(session / name)
        with chdir(session):
            rows.append((happened, answer(lambda: check_raw_files(open_session(own_configuration())))))
    for happened, damage in PIXEL_DAMAGES:
        path = Path(shutil.copy(raw / FIELD, folder / FIELD))
        damage(path)
        rows.append((f"{happened} (said by the job)", answer(lambda path=path: register_frames(read_stack(path).frames))))
    return rows


def tables() -> dict[str, str]:
    """The tables of the documentation by their first column's title."""
    titles = {"value in the configuration": _values, "row of the sheet": _rows, "raw file": _files}
    found = {}
    with tempfile.TemporaryDirectory() as name, chdir(name):
        write_session(Path.cwd())
        for title, make in titles.items():
            rows = [f"| {given} | {said} |".replace("\0", " ") for given, said in make(Path.cwd())]
            found[title] = "\n".join([f"| {title} | answer |", "|---|---|", *rows])
    return found


def page(text: str) -> str:
    """The documentation with its tables replaced by the current ones."""
    for title, table in tables().items():
        text = re.sub(rf"(?m)^\| {title} \|[^\n]*\n(\|[^\n]*\n)+", lambda _, table=table: table + "\n", text)
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
