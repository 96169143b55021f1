"""ImageJ and ParaView themselves open a session: what the macro and the script show lies where the tables have it."""

import importlib
import os
import re
import runpy
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from vtkmodules.util.numpy_support import vtk_to_numpy

from rapidstem.files import read_images, write_images, write_polydata, write_series, write_volume
from rapidstem.report import write_summary
from rapidstem.report.page_parts import Report
from rapidstem.report.report_assembly import flat_settings
from rapidstem.report.session_summary import SUMMARY
from tests.workflow.tiny_session import ROOT

VIEWERS = ROOT / "resources/viewers"
STEP_NM = 2.5
SHAPE = (9, 30, 40)
VOXEL = (3, 20, 31)
Z_NM, Y_NM, X_NM = -1 * STEP_NM, 5.5 * STEP_NM, 11.5 * STEP_NM
FRAME = 2
VARIANT = "rapid-dlf-slow"
# of ImageJ 1.53 and later; Fiji's works as well
IMAGEJ = Path(os.environ.get("RAPIDSTEM_IMAGEJ", "/usr/share/java/ij.jar"))
PVPYTHON = os.environ.get("RAPIDSTEM_PVPYTHON", shutil.which("pvpython") or "")
CHECK = """
runMacro("{macro}", "{folder}|series|{variant}");
said = "";
for (image = 1; image <= nImages; image++) {{
    selectImage(image);
    getDimensions(width, height, channels, slices, frames);
    getVoxelSize(dx, dy, dz, unit);
    said = said + getTitle() + ";" + width + ";" + height + ";" + slices + ";" + frames + ";" + dx + ";" + dz + ";" + unit;
    for (slice = 1; slice <= nSlices; slice++) {{
        setSlice(slice);
        getStatistics(area, mean, darkest, brightest);
        for (y = 0; y < height && brightest > 0.5; y++)
            for (x = 0; x < width; x++)
                if (getPixel(x, y) > 0.5) {{
                    column = x;
                    row = y;
                    toScaled(column, row);
                    said = said + ";" + slice + ";" + column + ";" + row;
                }}
    }}
    if (Overlay.size > 0) {{
        Overlay.activateSelection(0);
        getSelectionCoordinates(xs, ys);
        said = said + ";" + Overlay.size + ";" + xs[0] + ";" + ys[0] + ";" + xs[1] + ";" + ys[1];
    }}
    said = said + "\\n";
}}
File.saveString(said, "{said}");
run("Quit");
"""

PLACES = """
from paraview import servermanager, simple
from vtkmodules.util.numpy_support import vtk_to_numpy
simple.LoadState("{state}")
for (name, _), source in simple.GetSources().items():
    if ": " in name:
        data = servermanager.Fetch(source)
        scalars = data.GetPointData().GetScalars() or data.GetPointData().GetArray(0)
        point = 0 if name.endswith("lines") else int(vtk_to_numpy(scalars).argmax())
        print("place", name, *data.GetPoint(point), sep=";")
"""


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Frames and a volume with one bright place each, and two lines, the first of which begins there."""
    folder = tmp_path / "results/meine Sitzung"
    volume, frames = np.zeros(SHAPE, np.float32), np.zeros((5, *SHAPE[1:]), np.float32)
    volume[VOXEL] = frames[(FRAME, *VOXEL[1:])] = 1
    write_images(folder / "denoised/dlf-slow/series.ome.tif", frames, STEP_NM)
    write_series(folder / f"tilt_series/series/{VARIANT}.mrc", frames, STEP_NM)
    write_volume(folder / f"tomograms/series/{VARIANT}.mrc", volume, STEP_NM)
    (folder / "dislocations/series").mkdir(parents=True)
    table = f"line,point,x_nm,y_nm,z_nm\n0,0,{X_NM},{Y_NM},{Z_NM}\n0,1,{X_NM + 10},{Y_NM},{Z_NM}\n1,0,0,0,0\n1,1,0,8,2.5\n"
    (folder / f"dislocations/series/{VARIANT}.lines.csv").write_text(table, encoding="utf-8")
    lines = [np.array([(X_NM, Y_NM, Z_NM), (X_NM + 10, Y_NM, Z_NM)]), np.array([(0.0, 0.0, 0.0), (0.0, 8.0, 2.5)])]
    write_polydata(folder / f"dislocations/series/{VARIANT}.lines.vtp", lines, {"line": [0, 1]}, {})
    return folder


def _record_with_a_vertical_axis(session: Path) -> None:
    """Denoised frames as they are recorded then, and the settings that the report leaves beside it."""
    frames, _ = read_images(session / "denoised/dlf-slow/series.ome.tif")
    write_images(session / "denoised/dlf-slow/series.ome.tif", np.swapaxes(frames, 1, 2), STEP_NM)
    write_summary(session / SUMMARY, Report("Session", settings=flat_settings({"tomography": {"tilt_axis": "y"}})))


@pytest.fixture
def screen() -> Iterator[dict[str, str]]:
    """An environment with an X server that draws without a card, once it listens: `xvfb-run` does not wait for that on a busy machine."""
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed")
    with subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-noreset", "-screen", "0", "1280x1024x24"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield os.environ | {"DISPLAY": f":{server.stdout.readline().strip()}", "LIBGL_ALWAYS_SOFTWARE": "1"}
        server.terminate()


@pytest.mark.skipif(not IMAGEJ.is_file(), reason="ImageJ is not installed, and RAPIDSTEM_IMAGEJ names none")
@pytest.mark.parametrize("tilt_axis", ["x", "y"])
def test_imagej_shows_everything_at_its_scale_and_place(session: Path, tmp_path: Path, screen: dict[str, str], tilt_axis: str) -> None:
    if tilt_axis == "y":
        _record_with_a_vertical_axis(session)
    said = tmp_path / "said.txt"
    check = CHECK.format(macro=VIEWERS / "open_session.ijm", folder=session, variant=VARIANT, said=said)
    (tmp_path / "check.ijm").write_text(check, encoding="utf-8")
    command = ["java", "-jar", str(IMAGEJ), "-macro", str(tmp_path / "check.ijm")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=screen)
    assert said.is_file(), run.stdout + run.stderr
    shown = {line.split(";")[0].split(": ")[1]: line.split(";")[1:] for line in said.read_text(encoding="utf-8").splitlines()}
    assert set(shown) == {"denoised frames", "aligned series", "volume and lines"}
    z, y, x = VOXEL
    for name in ("denoised frames", "aligned series"):
        assert shown[name][:4] == ["40", "30", "1", "5"]
        assert shown[name][6] == "nm" and float(shown[name][4]) == pytest.approx(STEP_NM, rel=1e-5)
        np.testing.assert_allclose([float(value) for value in shown[name][7:10]], [FRAME + 1, X_NM, Y_NM], atol=1e-3)
    volume = shown["volume and lines"]
    assert volume[:4] == ["40", "30", "9", "1"]
    np.testing.assert_allclose([float(value) for value in volume[4:6]], STEP_NM, rtol=1e-5)
    np.testing.assert_allclose([float(value) for value in volume[7:10]], [z + 1, X_NM, Y_NM], atol=1e-3)
    pieces, *ends = (float(value) for value in volume[10:])
    assert pieces == 3
    np.testing.assert_allclose(ends, [x + 0.5, y + 0.5, x + 4.5, y + 0.5], atol=1e-3)


@pytest.mark.parametrize(
    ("module", "reader", "file", "tilt_axis"),
    [
        ("vtkIOImage", "vtkMRCReader", f"tomograms/series/{VARIANT}.mrc", "x"),
        ("vtkIOImage", "vtkMRCReader", f"tilt_series/series/{VARIANT}.mrc", "x"),
        ("vtkIOImage", "vtkTIFFReader", "denoised/dlf-slow/series.ome.tif", "x"),
        ("vtkIOImage", "vtkTIFFReader", "denoised/dlf-slow/series.ome.tif", "y"),
    ],
)
def test_the_readers_of_vtk_have_images_where_the_script_places_them(
    session: Path, module: str, reader: str, file: str, tilt_axis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ParaView reads with them; without ParaView its part of the script stays unused."""
    vtk = importlib.import_module(f"vtkmodules.{module}")
    paraview = types.ModuleType("paraview")
    paraview.simple = None
    monkeypatch.setitem(sys.modules, "paraview", paraview)
    if tilt_axis == "y":
        _record_with_a_vertical_axis(session)
    script = runpy.run_path(str(VIEWERS / "open_session_paraview.py"))
    place_image, axes = script["PLACE"], script["recorded_axes"](session)
    source = getattr(vtk, reader)()
    source.SetFileName(str(session / file))
    source.Update()
    image = source.GetOutput()
    moved = image.NewInstance()
    stage = types.SimpleNamespace(GetInputDataObject=lambda *_: image, GetOutputDataObject=lambda _: moved)
    exec(place_image.format(sizes=(STEP_NM,) * 3, axes=axes), {"self": stage})
    columns, rows, _ = moved.GetDimensions()
    values = vtk_to_numpy(moved.GetPointData().GetScalars())
    assert (columns, rows) == SHAPE[:0:-1] and values.max() == 1
    np.testing.assert_allclose(moved.GetPoint(int(values.argmax()))[:2], [X_NM, Y_NM], atol=1e-3)


@pytest.mark.skipif(not PVPYTHON, reason="there is no pvpython of a ParaView on the path, and RAPIDSTEM_PVPYTHON names none")
@pytest.mark.parametrize("tilt_axis", ["x", "y"])
def test_paraview_shows_everything_at_its_scale_and_place(session: Path, tmp_path: Path, screen: dict[str, str], tilt_axis: str) -> None:
    if tilt_axis == "y":
        _record_with_a_vertical_axis(session)
    state = tmp_path / "state.pvsm"
    said = _pvpython(screen, str(VIEWERS / "open_session_paraview.py"), str(session), "series", VARIANT, str(state))
    assert state.is_file(), said
    shown = dict(re.findall(r"^(\S.*): (\S+ x \S+ x \S+) nm$", said, flags=re.MULTILINE))
    sizes = {name: [float(value) for value in size.split(" x ")] for name, size in shown.items()}
    extent = [(count - 1) * STEP_NM for count in SHAPE[::-1]]
    np.testing.assert_allclose(sizes[f"{VARIANT}: volume"], extent, rtol=1e-4)
    for name in ("aligned series", "denoised frames"):
        np.testing.assert_allclose(sizes[f"{VARIANT}: {name}"][:2], extent[:2], rtol=1e-4)
    places = _places_in_state(state, tmp_path, screen)
    np.testing.assert_allclose(places["volume"], [X_NM, Y_NM, Z_NM], atol=1e-3)
    np.testing.assert_allclose(places["lines"], [X_NM, Y_NM, Z_NM], atol=1e-3)
    for name in ("aligned series", "denoised frames"):
        np.testing.assert_allclose(places[name][:2], [X_NM, Y_NM], atol=1e-3)


def _places_in_state(state: Path, folder: Path, screen: dict[str, str]) -> dict[str, list[float]]:
    """Where a state that ParaView opens has the brightest voxel of each image, and the first point of the lines."""
    script = folder / "places.py"
    script.write_text(PLACES.format(state=state), encoding="utf-8")
    lines = re.findall(r"^place;(.*)$", _pvpython(screen, str(script)), flags=re.MULTILINE)
    return {line.split(";")[0].split(": ")[1]: [float(value) for value in line.split(";")[1:]] for line in lines}


def _pvpython(screen: dict[str, str], *arguments: str) -> str:
    run = subprocess.run([PVPYTHON, *arguments], capture_output=True, text=True, check=False, timeout=300, env=screen)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
