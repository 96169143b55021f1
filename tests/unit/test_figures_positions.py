import numpy as np
import pandas as pd
import pytest

from rapidstem.figures.position_figures import shell_correlations, time_lag_profiles
from rapidstem.scores.shell_correlation import directional_correlations


def curled_pairs(curvature):
    y = np.tile(np.arange(-400.0, 401.0, 25.0), 6)
    line = np.repeat(np.arange(6), len(y) // 6)
    dz = curvature * (y / 1000) ** 2 + 0.05 * np.where(line % 2, 1.0, -1.0)
    return pd.DataFrame({"plane": "yz", "x_nm": 0.0, "y_nm": y, "dz_nm": dz, "line": line})


def test_the_time_lag_of_each_treatment_is_stated():
    drawing = time_lag_profiles({"one angle a row": curled_pairs(0.0), "one angle a frame": curled_pairs(-8.0)})
    assert "one angle a row: mean |ΔGz| 0.05 nm, curvature +0.00" in drawing.description
    assert "one angle a frame" in drawing.description and "curvature -8.00 ±" in drawing.description
    frame = drawing.data[drawing.data["treatment"] == "one angle a frame"]
    np.testing.assert_allclose(frame["mean_nm"], -8.0 * (frame["position_nm"] / 1000) ** 2, atol=0.12)


def test_no_pairs_give_an_empty_picture():
    assert "nan" in time_lag_profiles({"as reconstructed": curled_pairs(0.0).iloc[:0]}).description


def test_the_shell_correlation_states_the_resolution_by_direction():
    random = np.random.default_rng(1)
    common = np.zeros((24, 24, 24)) + random.normal(size=(1, 24, 24))
    halves = [common + 0.2 * random.normal(size=common.shape) for _ in range(2)]
    drawing = shell_correlations({"slow": directional_correlations(*halves, 4.0)})
    assert set(drawing.data["direction"]) == {"all", "x", "y", "z"}
    assert set(drawing.data["tomogram"]) == {"slow"}
    stated = drawing.description.split("slow, around ")
    resolution = {words[0]: words[2:].split(" nm")[0].rstrip(".") for words in stated[1:]}
    assert float(resolution["x"]) == pytest.approx(8.0, rel=0.1)
    assert resolution["z"] == "not resolved"
    assert drawing.figure.axes[0].get_title() == "slow"
