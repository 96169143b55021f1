"""A sheet proposed from a folder: what belongs together is found by what files say, what does not fit is named."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml

from rapidstem.errors import InputError
from rapidstem.files import check_files, read_sheet
from rapidstem_workflow.raw_file_checks import check_raw_files
from rapidstem_workflow.session_opening import open_session
from rapidstem_workflow.sheet_proposal import main, write_proposal
from tests.workflow.recorded_files import rows_of, write_raw


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    raw = tmp_path / "Steel 316 session 2"
    for field, tilt in (("A1", 0.02), ("A2", -0.03), ("B1", 40.04), ("B2", 39.97), ("B3", 40.0)):
        write_raw(raw / f"{field} fast 100ns.emd", 20, tilt)
        write_raw(raw / f"{field} slow 30us.emd", 1, tilt, pixel_nm=2.0, side=32, dwell_s=3e-5)
    write_raw(raw / "C9 fast.emd", 20, 60.0)
    write_raw(raw / "sweep rapid.emd", 15, np.linspace(-70, 70, 15))
    write_raw(raw / "sweep slow.emd", 15, np.linspace(-70, 70, 15), dwell_s=2e-6)
    return raw


def test_fields_and_series_are_paired_and_get_a_purpose(folder: Path, tmp_path: Path) -> None:
    write_proposal(folder, tmp_path / "config/steel")
    rows = rows_of(tmp_path / "config/steel.tsv")
    assert rows["sweep"] == ("tilt_series", "", "sweep rapid.emd", "sweep slow.emd")
    assert rows["C9"] == ("training", "60", "C9 fast.emd", "")
    for field in ("A1", "A2", "B1", "B2", "B3"):
        assert rows[field][1:] == ("0" if field[0] == "A" else "40", f"{field} fast 100ns.emd", f"{field} slow 30us.emd")
    assert sorted(rows[field][0] for field in ("A1", "A2")) == ["calibration", "training"]
    assert sorted(rows[field][0] for field in ("B1", "B2", "B3")) == ["test", "training", "training"]


def test_product_takes_what_is_proposed(folder: Path, tmp_path: Path) -> None:
    write_proposal(folder, tmp_path / "config/steel")
    assert len(check_files(read_sheet(tmp_path / "config/steel.tsv")).rapid) == 7
    config = yaml.safe_load((tmp_path / "config/steel.yaml").read_text(encoding="utf-8"))
    assert config["session"] == "steel" and config["denoisers"] == [{"name": "dlf-slow"}] and "distortion" not in config
    assert "C9" not in open_session(config).sheet.index


def test_a_series_without_times_is_proposed_with_one_tilt_a_frame(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (15, 16, 16)).astype(np.uint8)
    tifffile.imwrite(folder / "other.tif", pixels, imagej=True, resolution=(0.25, 0.25), metadata={"unit": "nm", "axes": "TYX"})
    (folder / "other.rawtlt").write_text("\n".join(map(str, range(-70, 80, 10))))
    write_proposal(folder, tmp_path / "config/steel")
    monkeypatch.chdir(tmp_path)
    text = (tmp_path / "config/steel.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    assert config["tomography"]["geometry"] == ["per-frame"] and "# No times of frames or rows: other.tif;" in text
    session = open_session(config)
    assert sorted(session.acquisitions("tilt_series")) == ["other", "sweep"]
    check_raw_files(session)
    session.config["tomography"]["geometry"] = ["per-row"]
    with pytest.raises(
        InputError, match=r"(?s)'other', column rapid: .*states no times of its frames.*set tomography.geometry to per-frame"
    ):
        check_raw_files(open_session(session.config))
    session.config["tomography"]["denoisers"] = []
    check_raw_files(open_session(session.config))


def test_distortion_is_measured_wherever_a_field_has_a_slow_image(tmp_path: Path) -> None:
    for field, tilt in (("A1", 0.0), ("B1", 40.0)):
        write_raw(tmp_path / "raw" / f"{field} fast.emd", 20, tilt)
    write_proposal(tmp_path / "raw", tmp_path / "unpaired")
    for field, tilt in (("A1", 0.0), ("B1", 40.0)):
        write_raw(tmp_path / "raw" / f"{field} slow.emd", 1, tilt)
    proposal = write_proposal(tmp_path / "raw", tmp_path / "paired")
    assert [row.kind for row in proposal.rows] == ["training", "training"]
    sessions = {name: open_session(yaml.safe_load((tmp_path / f"{name}.yaml").read_text())) for name in ("paired", "unpaired")}
    assert sessions["paired"].measures_distortion and sessions["paired"].calibration_fields == ["A1", "B1"]
    assert not sessions["unpaired"].measures_distortion


def test_a_stack_of_several_tilts_is_no_field_at_rest(folder: Path, tmp_path: Path) -> None:
    write_raw(folder / "two tilts.emd", 2, np.array([-30.0, 30.0]))
    write_raw(folder / "strip.emd", 2, 0.0, side=8)
    left_out = {path.name: reason for path, reason in write_proposal(folder, tmp_path / "steel").left_out.items()}
    assert left_out.keys() == {"two tilts.emd", "strip.emd"}
    assert "its 2 frames have tilts from -30.0 to 30.0 degrees" in left_out["two tilts.emd"]
    assert left_out["strip.emd"].startswith("has frames of 8 x 8 pixels; give images of 16 x 16")


def test_names_that_look_like_numbers_stay_names(tmp_path: Path) -> None:
    for field, tilt in (("0003", 0.0), ("0004", 40.0), ("1e5", 40.0)):
        write_raw(tmp_path / "20240601" / f"{field} fast.emd", 20, tilt)
    write_raw(tmp_path / "20240601" / "0003 slow.emd", 1, 0.0)
    write_proposal(tmp_path / "20240601", tmp_path / "20240601")
    config = yaml.safe_load((tmp_path / "20240601.yaml").read_text(encoding="utf-8"))
    assert (config["session"], config["leave_out"]) == ("20240601", ["0004", "1e5"])
    assert "0004" not in open_session(config).sheet.index


def test_configuration_that_would_be_refused_is_not_proposed_silently(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["sheet_proposal", str(folder), "--output", str(tmp_path / "steel"), "--pixel-size-nm", "-4"])
    with pytest.raises(SystemExit, match=r"reading\.pixel_size_nm: -4"):
        main()
    assert not list(tmp_path.glob("steel*")) and not list(tmp_path.glob(".*steel*"))


def test_places_of_one_name_in_two_folders_are_two_rows(folder: Path, tmp_path: Path) -> None:
    write_raw(folder / "second" / "C9 fast.emd", 20, 60.0)
    write_proposal(folder, tmp_path / "steel")
    rows = rows_of(tmp_path / "steel.tsv")
    assert rows["C9"] == rows["C9-2"] == ("training", "60", "C9 fast.emd", "")


def test_numbers_behind_names_make_no_name_that_another_place_has(folder: Path, tmp_path: Path) -> None:
    write_raw(folder / "second" / "C9 fast.emd", 20, 60.0)
    write_raw(folder / "C9-2 fast.emd", 20, 60.0)
    write_raw(folder / f"{'long' * 40} fast.emd", 20, 60.0)
    write_raw(folder / "second" / f"{'long' * 40} fast.emd", 20, 60.0)
    write_proposal(folder, tmp_path / "steel")
    rows = rows_of(tmp_path / "steel.tsv")
    assert {"C9", "C9-2", "C9-3"} <= rows.keys() and len(read_sheet(tmp_path / "steel.tsv")) == 11


@pytest.mark.parametrize(("output", "session"), [("steel.2026", "steel-2026"), ("my session", "my-session"), ("316 (b)", "316-b")])
def test_a_session_is_named_after_its_files_in_the_letters_that_it_may_have(
    folder: Path, tmp_path: Path, output: str, session: str
) -> None:
    write_proposal(folder, tmp_path / output)
    config = yaml.safe_load((tmp_path / f"{output}.yaml").read_text(encoding="utf-8"))
    assert (config["session"], config["acquisitions"]) == (session, str(tmp_path / f"{output}.tsv"))
    assert open_session(config).acquisitions("tilt_series") == ["sweep"]


@pytest.mark.parametrize("name", ["a\tb", "a{1}", "a\nb", "$HOME", "a$", " a"])
def test_a_file_that_no_sheet_can_name_is_left_out_with_the_reason(folder: Path, tmp_path: Path, name: str) -> None:
    """The sheet lies beside it, so that a blank at its beginning is one of the path."""
    write_raw(folder / f"{name} fast.emd", 20, 60.0)
    proposal = write_proposal(folder, folder / "steel")
    reasons = [reason for path, reason in proposal.left_out.items() if path.name == f"{name} fast.emd"]
    assert len(reasons) == 1 and "in its path, which a sheet reads as something else; rename the file" in reasons[0]
    assert len(read_sheet(folder / "steel.tsv")) == len(proposal.rows) == 7


def test_what_cannot_be_placed_is_named_with_the_reason(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "A1 fast 100ns.emd", folder / "copy of A1.emd")
    whole = (folder / "B1 fast 100ns.emd").read_bytes()
    (folder / "B4 fast.emd").write_bytes(whole[: len(whole) // 2])
    write_raw(folder / "D1 fast.emd", 20, 0.0, pixel_nm=9.0)
    write_raw(folder / "overview.emd", 1, 10.0)
    left_out = {path.name: reason for path, reason in write_proposal(folder, tmp_path / "steel").left_out.items()}
    assert left_out.keys() == {"copy of A1.emd", "B4 fast.emd", "D1 fast.emd", "overview.emd"}
    assert "is a copy of" in left_out["copy of A1.emd"] and "another session" in left_out["D1 fast.emd"]
    assert "no stack of rapid frames fits" in left_out["overview.emd"]


def test_exports_of_other_programs_and_files_that_are_still_written_are_said(folder: Path, tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (20, 16, 16)).astype(np.uint8)
    tifffile.imwrite(folder / "A1 export.tif", pixels, imagej=True, resolution=(0.25, 0.25), metadata={"unit": "nm", "axes": "TYX"})
    tifffile.imwrite(folder / "A1 view.tiff", np.zeros((16, 16, 3), np.uint8), photometric="rgb")
    for name in ("A1.png", "A2.png", "B9 fast.emd.part", "._A1 fast.emd", "log.txt", "lone_1.ser"):
        (folder / name).write_bytes(b"x")
    (folder / "B7 fast.emd").touch()
    left_out = {path.name: reason for path, reason in write_proposal(folder, tmp_path / "steel").left_out.items()}
    assert left_out.keys() == {"A1 export.tif", "A1 view.tiff", "*.png", "*.part", "*.ser", "B7 fast.emd"}
    assert "does not say its tilt" in left_out["A1 export.tif"] and "no series of grey images" in left_out["A1 view.tiff"]
    assert left_out["*.png"].startswith("2 files of an ending that is not looked at") and "is empty" in left_out["B7 fast.emd"]


def test_a_stack_without_a_tilt_is_told_how_to_give_it_with_its_slow_image(folder: Path, tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (20, 16, 16)).astype(np.uint8)
    for name, image in (("F5 fast.tif", pixels), ("F5 slow.tif", pixels[0])):
        tifffile.imwrite(folder / name, image, imagej=True, resolution=(0.25, 0.25), metadata={"unit": "nm"})
    reason = {path.name: reason for path, reason in write_proposal(folder, tmp_path / "steel").left_out.items()}["F5 fast.tif"]
    assert "add a row to the sheet with this file as rapid and F5 slow.tif as slow and its tilt in degrees" in reason
    assert "F5 fast.rawtlt" in reason
    for name in ("F5 fast", "F5 slow"):
        (folder / f"{name}.tif").rename(folder / f"{name} 40deg.tif")
    write_proposal(folder, tmp_path / "again")
    assert ("40", "F5 fast 40deg.tif", "F5 slow 40deg.tif") in {row[1:] for row in rows_of(tmp_path / "again.tsv").values()}


def test_what_may_not_be_read_is_said_and_what_is_hidden_is_not_looked_at(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(folder / "C9 fast.emd", folder / "locked.emd")
    for name in ("lost+found", ".hidden"):
        write_raw(folder / name / "D1 fast.emd", 20, 60.0)
    locked, listed, opened = {folder / "lost+found", folder / "locked.emd"}, os.scandir, Path.open

    def refuse(path: Path) -> None:
        if Path(path) in locked:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", lambda path: refuse(path) or listed(path))
    monkeypatch.setattr(Path, "open", lambda path, *given, **named: refuse(path) or opened(path, *given, **named))
    proposal = write_proposal(folder, tmp_path / "steel")
    assert {path.name: reason for path, reason in proposal.left_out.items()} == {
        "lost+found": "cannot be read: Permission denied",
        "locked.emd": "may not be read (Permission denied); let its owner give you the right to read it",
    }
    assert "D1" not in rows_of(tmp_path / "steel.tsv") and "C9" in rows_of(tmp_path / "steel.tsv")


def test_make_sheet_asks_for_a_folder() -> None:
    makefile = Path(__file__).parents[2] / "Makefile"
    run = subprocess.run(
        ["make", "--file", makefile, "--old-file", ".venv/installed", "sheet"], capture_output=True, text=True, cwd=makefile.parent
    )
    assert run.returncode != 0 and "make sheet FOLDER=path/to/raw/files" in run.stderr


def test_two_images_that_fit_as_well_are_not_chosen_from(folder: Path, tmp_path: Path) -> None:
    write_raw(folder / "second pass" / "B1 slow.emd", 1, 40.0)
    proposal = write_proposal(folder, tmp_path / "steel")
    assert next(row for row in proposal.rows if row.acquisition == "B1").slow is None
    assert sum("as well as" in reason for reason in proposal.left_out.values()) == 2


def test_an_image_at_another_tilt_is_not_that_of_a_stack_of_the_same_name(folder: Path, tmp_path: Path) -> None:
    write_raw(folder / "A1 slow 30us.emd", 1, 20.0, pixel_nm=2.0, side=32, dwell_s=3e-5)
    write_proposal(folder, tmp_path / "config/steel")
    assert rows_of(tmp_path / "config/steel.tsv")["A1"] == ("training", "0", "A1 fast 100ns.emd", "")


def test_a_slow_series_that_ends_a_step_earlier_is_paired(folder: Path, tmp_path: Path) -> None:
    write_raw(folder / "sweep slow.emd", 12, np.linspace(-62, 70, 12), dwell_s=2e-6)
    write_proposal(folder, tmp_path / "config/steel")
    assert rows_of(tmp_path / "config/steel.tsv")["sweep"][3] == "sweep slow.emd"


def test_slow_series_of_other_tilts_or_several_that_fit_are_not_paired(folder: Path, tmp_path: Path) -> None:
    write_raw(folder / "sweep slow b.emd", 15, np.linspace(-70, 70, 15), dwell_s=2e-6)
    write_proposal(folder, tmp_path / "config/two")
    (folder / "sweep slow b.emd").unlink()
    write_raw(folder / "sweep slow.emd", 15, np.linspace(-70, 30, 15), dwell_s=2e-6)
    write_proposal(folder, tmp_path / "config/short")
    for name in ("two", "short"):
        assert rows_of(tmp_path / f"config/{name}.tsv")["sweep"] == ("tilt_series", "", "sweep rapid.emd", "")


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    write_proposal(folder, tmp_path / "steel")
    with pytest.raises(InputError, match="is there already"):
        write_proposal(folder, tmp_path / "steel")


def test_folders_without_raw_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        write_proposal(tmp_path / "nowhere", tmp_path / "steel")
    with pytest.raises(InputError, match="holds no raw file"):
        write_proposal(tmp_path, tmp_path / "steel")


def test_command_says_what_every_row_rests_on(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sheet_proposal", str(folder)])
    main()
    said = capsys.readouterr().out
    assert "sweep: tilt_series; 15 tilts from -70 to 70 degrees, slow series sweep slow.emd" in said
    assert "7 rows in config/Steel-316-session-2.tsv" in said
