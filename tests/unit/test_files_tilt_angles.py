import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files.image_stacks import read_header
from rapidstem.files.mrc_volumes import write_series
from rapidstem.files.tilt_angles import angle_file, fault_of_tilts, read_angle_file, recorded_tilts, series_name, write_angle_file

NO_SERIES = "are no tilt series: at least 5 frames over 20 degrees are needed; give the right file, or the right kind"


@pytest.mark.parametrize(
    "text",
    [
        " -10.0\n 0.5\n 10\n",
        "# from the goniometer\n-10\n\n0.5 # by eye\n10\n",
        "frame,angle_deg\n0,-10\n1,0.5\n2,10\n",
        "1;-10\n2;0.5\n3;10\n",
        "2\t10\n0\t-10\n1\t0.5\n",
        "\ufeffangle\n-10\n0.5\n10",
    ],
)
def test_angles_are_read_in_the_order_of_the_frames(tmp_path, text):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    np.testing.assert_array_equal(read_angle_file(tmp_path / "a.txt", 3), [-10, 0.5, 10])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,-10\n2,0\n3,10\n", "numbered from 0 or from 1"),
        ("5,-10\n6,0\n7,10\n", "numbered from 0 or from 1"),
        ("0,-10\n0,0\n1,10\n", "each once"),
        ("0,-10\n1,0\n10\n", "none missing"),
        ("a b\n1 2 3\n", "line 2: has 3 values"),
        ("-10\nzero\n10\n", "line 2: 'zero' is no angle"),
        ("-10\n0\n", "2 angles for 3 frames"),
        ("0.5,-10\n1.5,0\n2.5,10\n", "'0.5' is no number of a frame"),
        ("-100\n0\n100\n", "between -90 and 90"),
        ("-1_0\n0\n10\n", "'-1_0' is no angle"),
        ("nan 10\n1 0\n2 10\n", "'nan' is no number of a frame"),
        ("0 10\ninf 0\n2 10\n", "'inf' is no number of a frame"),
        ("0,00\n1,00\n2,00\n", "has decimal commas"),
        ("0,0\n1,0\n2,0\n", "has decimal commas"),
        ("0,0\n1,9\n2,8\n", "has decimal commas"),
    ],
)
def test_what_is_no_list_of_angles_is_refused(tmp_path, text, message):
    (tmp_path / "a.tlt").write_text(text)
    with pytest.raises(InputError, match=message):
        read_angle_file(tmp_path / "a.tlt", 3)


@pytest.mark.parametrize("name", ["s.rawtlt", "s.tlt", "s.mrc.tlt", "s.txt", "s.mrc.csv"])
def test_file_beside_the_series_is_found(tmp_path, name):
    (tmp_path / name).write_text("0\n1\n")
    assert angle_file(tmp_path / "s.mrc") == tmp_path / name


def test_a_file_gives_its_series_the_name_without_its_ending_and_what_is_no_file_all_of_it(tmp_path):
    (tmp_path / "s.bin").touch()
    assert [series_name(tmp_path / name) for name in ("s.bin", "t.bin", "t.MRC")] == ["s", "t.bin", "t"]


@pytest.mark.parametrize(("apart_deg", "remarks"), [(0.09, 0), (0.11, 1)])
def test_tilts_that_two_decimals_tell_from_the_series_own_are_the_same(tmp_path, apart_deg, remarks):
    own = np.array([-10.0, 0.0, 10.0])
    write_angle_file(tmp_path / "s.tlt", own + np.array([0.0, apart_deg, 0.0]))
    used, said = recorded_tilts(tmp_path / "s.mrc", 3, own)
    assert len(said) == remarks and used == pytest.approx(own + np.array([0.0, apart_deg * remarks, 0.0]))


def test_text_about_something_else_is_no_file_of_angles(tmp_path):
    (tmp_path / "s.txt").write_text("Taken on a rainy day\n20 kV\n")
    (tmp_path / "s.csv").write_bytes(b"\xff\xfe\x00")
    assert angle_file(tmp_path / "s.mrc") is None
    (tmp_path / "s.txt").write_text("1 20 30\n2 25 31\n")
    assert angle_file(tmp_path / "s.mrc") is None
    (tmp_path / "s.mrc.rawtlt").write_text("nothing\n")
    assert angle_file(tmp_path / "s.mrc") == tmp_path / "s.mrc.rawtlt"


@pytest.mark.parametrize("text", ["0,0\n1,1\n2,2\n", "1,60\n2,30\n3,0\n", "0,5\n1,5\n2,6\n"])
def test_whole_angles_behind_counted_frames_are_no_decimals(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    np.testing.assert_array_equal(read_angle_file(tmp_path / "a.csv", 3), [float(line.split(",")[1]) for line in text.split()])


@pytest.mark.parametrize("text", ["time_s,temperature_c\n0,60\n1,65\n", "time;current\n0;10\n1;20\n"])
def test_columns_whose_heading_names_no_tilt_are_not_taken_for_angles(tmp_path, text):
    (tmp_path / "s.csv").write_text(text)
    assert angle_file(tmp_path / "s.mrc") is None
    (tmp_path / "s.csv").write_text("frame,tilt_deg\n0,60\n1,65\n")
    assert angle_file(tmp_path / "s.mrc") == tmp_path / "s.csv"


def test_numbers_about_something_else_beside_a_file_are_said_and_harm_nothing(tmp_path):
    write_series(tmp_path / "heat.mrc", np.ones((3, 16, 16), np.uint16), 4.56)
    (tmp_path / "heat.csv").write_text("0,90\n1,120\n2,150\n")
    header = read_header(tmp_path / "heat.mrc")
    assert header.tilt_deg is None
    assert "heat.csv, line 2: '120' is no angle" in header.remarks[0]
    (tmp_path / "heat.rawtlt").write_text("0,90\n1,120\n2,150\n")
    with pytest.raises(InputError, match="'120' is no angle"):
        read_header(tmp_path / "heat.mrc")


@pytest.mark.parametrize("name", ["series.rawtlt", "series.mrc.tlt", "series.RAWTLT", "series.mrc.TLT"])
def test_files_of_angles_beside_a_series_may_be_in_capitals(tmp_path, name):
    (tmp_path / name).write_text("-10\n10\n", encoding="utf-8")
    assert angle_file(tmp_path / "series.mrc") == tmp_path / name


@pytest.mark.parametrize(
    ("tilt_deg", "fault"),
    [
        ([-20, -10, 0, 10, 20], ""),
        ([-60, -20, 20, 60], f"4 frames from -60.00 to 60.00 degrees {NO_SERIES}"),
        ([-4, -2, 0, 2, 4], f"5 frames from -4.00 to 4.00 degrees {NO_SERIES}"),
        ([5.73] * 5, f"5 frames from 5.73 to 5.73 degrees {NO_SERIES}"),
        ([0, 0.01, 0, 0.01, 0], f"5 frames from 0.00 to 0.01 degrees {NO_SERIES}"),
        ([-0.4, -0.2, 0, 0.2, 0.4], "the reported angles run over 0.8 only, as if they were in radians: give angles in degrees"),
        ([-1.2, -0.6, 0, 0.6, 1.2], "the reported angles run over 2.4 only, as if they were in radians: give angles in degrees"),
    ],
)
def test_tilts_that_nothing_can_be_reconstructed_from_are_told(tilt_deg: list[float], fault: str) -> None:
    assert fault_of_tilts(np.array(tilt_deg)) == fault
