"""The layers that napari is given, without napari: all of a series lie in the tomogram's space."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from rapidstem.files import write_images, write_series, write_table, write_volume
from rapidstem_workflow.napari_view import session_layers
from rapidstem_workflow.session_opening import open_session
from tests.workflow.tiny_session import configuration, write_session

STEP_NM = 2.5
# Of the frames as recorded, whose tilt axis is vertical; of the tomogram, in which it runs along x.
ROWS, COLUMNS = 30, 40
PLACE = (7, 31)


def _layers(folder: Path, monkeypatch: pytest.MonkeyPatch, tilt_axis: str) -> dict[str, tuple[np.ndarray, dict[str, object]]]:
    """A session of which the denoised and the aligned frames show one bright place; its layers by name."""
    config = configuration()
    write_session(folder, config | {"tomography": config["tomography"] | {"tilt_axis": tilt_axis}})
    monkeypatch.chdir(folder)
    results = folder / "results/tiny"
    recorded = np.zeros((5, ROWS, COLUMNS), np.float32)
    recorded[2, *PLACE] = 1
    along_x = recorded.swapaxes(1, 2) if tilt_axis == "y" else recorded
    write_images(results / "denoised/dlf-slow/series.ome.tif", recorded, STEP_NM)
    for name in ("slow", "rapid-dlf-slow"):
        write_series(results / f"tilt_series/series/{name}.mrc", along_x, STEP_NM)
        write_volume(results / f"tomograms/series/{name}.mrc", np.zeros((9, *along_x.shape[1:]), np.float32), STEP_NM)
        lines = pd.DataFrame(columns=["line", "point", "x_nm", "y_nm", "z_nm"])
        write_table(results / f"dislocations/series/{name}.lines.csv", lines)
    session = open_session(yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8")))
    return {str(about["name"]): (data, about) for data, about, _ in session_layers(session, "series")}


@pytest.mark.parametrize("tilt_axis", ["x", "y"])
def test_denoised_frames_lie_as_the_aligned_ones_whatever_the_direction_of_the_axis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tilt_axis: str
) -> None:
    layers = _layers(tmp_path, monkeypatch, tilt_axis)
    places = []
    for what in ("denoised frames", "aligned series"):
        data, about = layers[f"rapid-dlf-slow: {what}"]
        brightest = np.unravel_index(np.argmax(data), data.shape)
        places.append(np.multiply(brightest, about["scale"]) + np.asarray(about["translate"]))
    np.testing.assert_allclose(places[0], places[1], atol=1e-9)
