"""What napari shows of a session, asked of napari's own model of a viewer, without a window."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from rapidstem.errors import InputError
from rapidstem.files import write_images, write_series, write_volume
from rapidstem_workflow.napari_view import session_layers
from rapidstem_workflow.session_opening import open_session
from tests.workflow.tiny_session import write_session

components = pytest.importorskip("napari.components", reason="the packages of the group napari are not installed")
STEP_NM = 2.5
VOXEL = (3, 20, 31)
SHAPE = (9, 30, 40)
PLACE_NM = [(-1) * STEP_NM, 5.5 * STEP_NM, 11.5 * STEP_NM]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A session with one bright place in frames and volumes, and a line that begins there."""
    write_session(tmp_path)
    monkeypatch.chdir(tmp_path)
    results = tmp_path / "results/tiny"
    volume, frames = np.zeros(SHAPE, np.float32), np.zeros((5, *SHAPE[1:]), np.float32)
    volume[VOXEL], frames[2, VOXEL[1], VOXEL[2]] = 1, 1
    write_images(results / "denoised/dlf-slow/series.ome.tif", frames, STEP_NM)
    for name in ("slow", "rapid-dlf-slow"):
        write_series(results / f"tilt_series/series/{name}.mrc", frames, STEP_NM)
        write_volume(results / f"tomograms/series/{name}.mrc", volume, STEP_NM)
        z, y, x = PLACE_NM
        (results / "dislocations/series").mkdir(parents=True, exist_ok=True)
        table = f"line,point,x_nm,y_nm,z_nm\n0,0,{x},{y},{z}\n0,1,{x + 10},{y},{z}\n1,0,0,0,0\n1,1,0,8,0\n1,2,0,9,3\n"
        (results / f"dislocations/series/{name}.lines.csv").write_text(table, encoding="utf-8")
    return results


@pytest.fixture
def viewer(folder: Path) -> object:
    from napari.layers import Layer

    model = components.ViewerModel()
    for layer in session_layers(open_session(yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8"))), "series"):
        model.add_layer(Layer.create(*layer))
    return model


def test_all_layers_are_there(viewer: object) -> None:
    rapid = [f"rapid-dlf-slow: {what}" for what in ("denoised frames", "aligned series", "volume", "lines")]
    assert [layer.name for layer in viewer.layers] == ["slow: aligned series", "slow: volume", "slow: lines", *rapid]
    assert [layer.name for layer in viewer.layers if layer.visible] == ["slow: lines", "rapid-dlf-slow: volume", "rapid-dlf-slow: lines"]
    assert viewer.dims.ndim == 4


@pytest.mark.parametrize("what", ["denoised frames", "aligned series", "volume"])
def test_a_bright_place_lies_where_the_tables_have_it(viewer: object, what: str) -> None:
    layer = viewer.layers[f"rapid-dlf-slow: {what}"]
    brightest = np.unravel_index(np.argmax(layer.data), layer.data.shape)
    world = layer.data_to_world(brightest)
    expected = PLACE_NM if what == "volume" else [2, 0, *PLACE_NM[1:]]
    np.testing.assert_allclose(world, expected, atol=1e-5)
    assert str(layer.units[-1]) == "nanometer"
    np.testing.assert_allclose(layer.scale[-2:], STEP_NM, rtol=1e-6)


def test_lines_run_through_the_volume_in_its_space(viewer: object) -> None:
    lines, volume = viewer.layers["rapid-dlf-slow: lines"], viewer.layers["rapid-dlf-slow: volume"]
    assert [len(points) for points in lines.data] == [2, 3]
    start = lines.data_to_world(lines.data[0][0])
    np.testing.assert_allclose(volume.world_to_data(start), VOXEL, atol=1e-5)


def test_a_missing_volume_is_named(folder: Path) -> None:
    (folder / "tomograms/series/slow.mrc").unlink()
    session = open_session(yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8")))
    with pytest.raises(InputError, match=r"slow\.mrc: there is no such file"):
        session_layers(session, "series")
