"""What is proposed of series and of files that say little: by their tilts, their names and their content."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml

from rapidstem_workflow.acquisition_pairing import place_name
from rapidstem_workflow.recorded_folder import named_tilt_deg
from rapidstem_workflow.session_opening import open_session
from rapidstem_workflow.sheet_proposal import write_proposal
from tests.workflow.recorded_files import rows_of, write_raw, write_tilt_series


def test_a_series_without_any_field_gets_the_general_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_raw(tmp_path / "alone/sweep rapid.emd", 15, np.linspace(-70, 70, 15))
    write_proposal(tmp_path / "alone", tmp_path / "config/alone")
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load((tmp_path / "config/alone.yaml").read_text(encoding="utf-8"))
    assert [config["denoisers"], config["tomography"]["denoisers"]] == [[{"name": "general"}], ["general"]]
    assert "geometry" not in config["tomography"]
    assert open_session(config).acquisitions("tilt_series") == ["sweep"]


def test_series_that_say_no_dwell_time_are_slow_by_their_names(tmp_path: Path) -> None:
    for name in ("sweep rapid", "sweep slow"):
        pixels = np.random.default_rng(len(name)).integers(0, 255, (15, 16, 16)).astype(np.uint8)
        (tmp_path / "raw").mkdir(exist_ok=True)
        tifffile.imwrite(tmp_path / f"raw/{name}.tif", pixels, imagej=True, resolution=(0.25, 0.25), metadata={"unit": "nm", "axes": "TYX"})
        (tmp_path / f"raw/{name}.rawtlt").write_text("\n".join(map(str, range(-70, 80, 10))))
    write_proposal(tmp_path / "raw", tmp_path / "sheet")
    assert rows_of(tmp_path / "sheet.tsv") == {"sweep": ("tilt_series", "", "sweep rapid.tif", "sweep slow.tif")}


def test_a_series_that_was_recorded_once_stands_as_rapid(tmp_path: Path) -> None:
    """Where there is nothing rapid; else it would pass through filters of rapid frames, and the reason says what to do."""
    write_tilt_series(tmp_path / "raw/lamella slow.tif", np.arange(-70, 80, 10))
    write_proposal(tmp_path / "raw", tmp_path / "alone")
    assert rows_of(tmp_path / "alone.tsv") == {"lamella": ("tilt_series", "", "lamella slow.tif", "")}
    write_tilt_series(tmp_path / "raw/sweep rapid.tif", np.arange(-70, 80, 10))
    proposal = write_proposal(tmp_path / "raw", tmp_path / "sheet")
    assert rows_of(tmp_path / "sheet.tsv").keys() == {"sweep"}
    assert "add a row with it as rapid where the place was recorded once" in proposal.left_out[tmp_path / "raw/lamella slow.tif"]


def test_a_slow_series_of_every_second_tilt_belongs_to_the_rapid_one(tmp_path: Path) -> None:
    tilts = np.linspace(-70, 70, 36)
    write_tilt_series(tmp_path / "raw/a rapid.tif", tilts)
    write_tilt_series(tmp_path / "raw/a slow.tif", tilts[::2])
    write_tilt_series(tmp_path / "raw/b rapid.tif", tilts)
    write_tilt_series(tmp_path / "raw/b slow.tif", np.linspace(-20, 20, 11))
    write_tilt_series(tmp_path / "raw/c rapid.tif", tilts)
    write_tilt_series(tmp_path / "raw/c slow.tif", tilts, side=32)
    proposal = write_proposal(tmp_path / "raw", tmp_path / "sheet")
    assert {name: row[3] for name, row in rows_of(tmp_path / "sheet.tsv").items()} == {"a": "a slow.tif", "b": "", "c": ""}
    assert "a slow series of 11 tilts from -20 to 20 degrees" in proposal.left_out[tmp_path / "raw/b slow.tif"]


@pytest.mark.parametrize(
    ("name", "tilt_deg"),
    [
        ("field tilt_-20.tif", -20.0),
        ("a 40deg.tif", 40.0),
        ("alpha=12.5 x.tif", 12.5),
        ("field 20.tif", None),
        ("area1-40deg.tif", 40.0),
        ("tilt-20.tif", None),
        ("a_-40deg.tif", -40.0),
        ("-40 degrees.tif", -40.0),
        ("a (-12.5deg).tif", -12.5),
        ("a=-3deg.tif", -3.0),
    ],
)
def test_tilts_in_names_count_only_where_they_are_called_so(name: str, tilt_deg: float | None) -> None:
    assert named_tilt_deg(Path(name)) == tilt_deg


def test_names_of_places_leave_out_how_they_were_taken() -> None:
    assert place_name(Path("B1 slow 30us.emd")) == place_name(Path("B1_rapid.emd")) == "B1"


def test_recordings_that_begin_alike_are_no_copies(tmp_path: Path) -> None:
    """As two whose first frames were taken with a blanked beam."""
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("a 20deg", "b 20deg"):
        pixels = np.random.default_rng(len(name) + ord(name[0])).integers(1, 60000, (20, 512, 512)).astype(np.uint16)
        pixels[:3] = 0
        tifffile.imwrite(raw / f"{name}.tif", pixels, imagej=True, resolution=(0.25, 0.25), metadata={"unit": "nm", "axes": "TYX"})
    shutil.copy(raw / "b 20deg.tif", raw / "c 20deg.tif")
    proposal = write_proposal(raw, tmp_path / "sheet")
    assert rows_of(tmp_path / "sheet.tsv").keys() == {"a-20deg", "b-20deg"}
    assert {path.name: reason for path, reason in proposal.left_out.items()} == {"c 20deg.tif": f"is a copy of {raw / 'b 20deg.tif'}"}
