import numpy as np
import pandas as pd
import pytest

from rapidstem.figures import (
    denoising_figures,
    distortion_figures,
    drift_figures,
    position_figures,
    tilt_figures,
    training_figures,
    volume_figures,
)
from rapidstem.figures.score_tables import LINE_WIDTH, PSNR, SSIM, by_tilt, score_table, shown_lines_table
from rapidstem.scores.positional_error import ZHAO_MEAN_ABS_NM


def dark_line(row_at_column_zero=20.0, slope=0.0, size=64):
    """A dark line, running through rows as columns grow."""
    y, x = np.mgrid[:size, :size]
    return 100.0 - 60.0 * np.exp(-0.5 * ((y - row_at_column_zero - slope * x) / 1.5) ** 2)


def scores(column):
    rows = [("dlf-slow", 0, 1.0), ("dlf-slow", 0, 1.2), ("dlf-slow", 60, 1.3), ("bm3d", 0, 1.5), ("bm3d", 60, np.nan)]
    return pd.DataFrame(rows, columns=["denoiser", "tilt", column])


def paired(plane, places, differences):
    table = pd.DataFrame(places, columns=["x_nm", "y_nm", "z_nm"]).assign(plane=plane, line=np.arange(len(places)))
    table[["dx_nm", "dy_nm", "dz_nm"]] = differences
    return table


def test_drift_trace_counts_rejected_frames_and_centres_velox_shifts():
    shift = np.array([[0.0, -2.0], [1.0, 0.0], [9.0, 9.0], [-1.0, 2.0]])
    used = np.array([True, True, False, True])
    drawing = drift_figures.drift_trace(shift, np.array([0.1, 0.1, 5.0, 0.1]), used, velox_shift_px=shift + np.array([10.0, 20.0]))
    assert "1 of 4 frames rejected" in drawing.figure.axes[0].get_title()
    assert "2.0 px in y and 4.0 px in x" in drawing.description
    np.testing.assert_allclose(drawing.data[["velox_dy_px", "velox_dx_px"]], shift)
    assert drawing.data["used"].tolist() == used.tolist()


def test_map_deviation_is_zero_for_a_straight_map_and_in_nm():
    rapid = np.arange(100.0)
    straight = distortion_figures.map_deviation(rapid, 0.9 * rapid + 4.0, pixel_size_nm=2.0, residual_px=0.25)
    np.testing.assert_allclose(straight.data["deviation_nm"], 0.0, atol=1e-9)
    bent = distortion_figures.map_deviation(rapid, rapid + 0.001 * (rapid - 49.5) ** 2, 2.0, residual_px=0.25)
    assert np.ptp(bent.data["deviation_nm"]) == pytest.approx(2.0 * 0.001 * 49.5**2, rel=0.01)
    assert "0.25 px rms" in bent.figure.axes[0].get_title()


def test_superposition_is_aqua_where_only_the_rapid_image_has_a_line():
    slow, rapid = dark_line(20.0), dark_line(40.0)
    rapid[:, :2] = slow[:, :2] = np.nan
    drawing = distortion_figures.superposition(rapid, slow, slow, 4.56)
    before, after = (axes.images[0].get_array() for axes in drawing.figure.axes)
    np.testing.assert_allclose(before[40, 30], [0, 1, 1], atol=0.05)
    np.testing.assert_allclose(before[20, 30], [1, 0, 0], atol=0.05)
    np.testing.assert_allclose(after[20, 30], [1, 1, 1], atol=0.05)
    np.testing.assert_array_equal(before[20, 1], [0, 0, 0])
    assert drawing.data["correlation"].iloc[1] == pytest.approx(1.0)


def test_loss_curves_name_the_last_validation_loss():
    table = pd.DataFrame({"step": [1, 2, 3], "training_loss": [3.0, 2.0, 1.0], "validation_loss": [np.nan, 2.5, np.nan]})
    drawing = training_figures.loss_curves({"dlf-slow": table, "dlf-dcfi": table.assign(validation_loss=np.nan)})
    assert "dlf-slow 2.5, dlf-dcfi not validated" in drawing.description
    assert set(drawing.data["denoiser"]) == {"dlf-slow", "dlf-dcfi"}


def test_clearest_window_finds_the_line_and_avoids_what_was_not_seen():
    image = np.random.default_rng(0).normal(100.0, 1.0, (128, 128))
    image[90:93, 20:60] -= 50.0
    rows, columns = denoising_figures.clearest_window(image, 32)
    assert rows.start <= 90 and rows.stop >= 93
    assert 10 <= columns.start <= 30
    image[91, 55] = np.nan
    assert 55 not in range(*denoising_figures.clearest_window(image, 32)[1].indices(128))


@pytest.mark.parametrize(("rows", "columns"), [(40, 48), (40, 96), (64, 64)])
def test_a_field_smaller_than_the_magnified_window_is_shown_whole(rows, columns):
    image = np.random.default_rng(0).normal(1, 0.1, (rows, columns))
    window = denoising_figures.clearest_window(image, 64)
    assert image[window].shape == (min(rows, 64), min(columns, 64))
    assert denoising_figures.side_by_side({"raw": image, "slow": image}, 4.56, window).data["size_px"].tolist() == [min(columns, 64)] * 2


def test_side_by_side_shows_each_image_between_its_own_limits():
    images = {"raw": dark_line(), "slow": 10.0 * dark_line()}
    drawing = denoising_figures.side_by_side(images, 4.56, (slice(10, 40), slice(5, 35)))
    assert len(drawing.figure.axes) == 6
    assert drawing.data["white"].iloc[1] == pytest.approx(10.0 * drawing.data["white"].iloc[0])
    assert drawing.data[["row", "column", "size_px"]].iloc[0].tolist() == [10, 5, 30]


def test_profile_lies_in_the_marked_part_where_no_line_stands_alone():
    lines = pd.DataFrame({"y_px": [12.0, 40.0], "x_px": [22.0, 50.0], "angle_deg": [10.0, 80.0]})
    area, window = (slice(10, 60), slice(20, 80)), (slice(4, 12), slice(6, 14))
    assert denoising_figures.central_line(lines, area, window) == ((30.0, 30.0), 80.0)
    assert denoising_figures.central_line(lines.iloc[:0], area, window) == ((7.5, 9.5), 90.0)


def test_line_profiles_run_across_the_line():
    image = dark_line(10.0, slope=0.5)
    drawing = denoising_figures.line_profiles({"slow": image}, (26.0, 32.0), np.rad2deg(np.arctan(0.5)), 2.0, "slow", half_length_nm=16.0)
    profile = drawing.data
    assert profile["offset_nm"].iloc[0] == -16.0
    assert profile["offset_nm"].iloc[profile["slow"].argmin()] == 0.0
    half_depth = (profile["slow"].max() + profile["slow"].min()) / 2
    width_nm = np.ptp(profile["offset_nm"][profile["slow"] < half_depth])
    assert width_nm == pytest.approx(2.0 * 2.355 * 1.5 * np.cos(np.arctan(0.5)), abs=1.1)


def test_line_profiles_go_from_a_to_b():
    """A bright edge beside the line, at larger y, where B is for a line along +x."""
    image = dark_line(32.0)
    image[38:42] += 100.0
    drawing = denoising_figures.line_profiles({"slow": image}, (32.0, 32.0), 0.0, 1.0, "slow", half_length_nm=12.0)
    bright_nm = drawing.data["offset_nm"][drawing.data["slow"].argmax()]
    marks = {text.get_text(): text.get_position()[1] for text in drawing.figure.axes[0].texts if text.get_text() in "AB"}
    assert bright_nm > 0
    assert marks["B"] > marks["A"]


def test_power_spectra_peak_at_the_wave_number_along_x():
    y, x = np.mgrid[:64, :128]
    drawing = denoising_figures.power_spectra({"waves": np.sin(2 * np.pi * x / 8) + 0.5 * np.sin(2 * np.pi * y / 4)}, pixel_size_nm=5.0)
    power = drawing.data["waves"].to_numpy()
    peak = 3 + np.argmax(power[3:])
    assert drawing.data["wave_number_per_um"].iloc[peak] == pytest.approx(1000.0 / 40.0)


def test_scores_by_tilt_average_and_stand_beside_the_published_ones():
    table = by_tilt(scores("relative_width"), LINE_WIDTH)
    measured = table[table["count"] > 0].set_index(["denoiser", "tilt"])
    assert measured.loc[("dlf-slow", 0), ["mean", "count"]].tolist() == pytest.approx([110.0, 2])
    assert measured.loc[("dlf-slow", 0), "std"] == pytest.approx(100 * np.sqrt(0.02))
    assert ("bm3d", 60) not in measured.index
    published = table[table["denoiser"] == "U-Net, Zhao et al."]
    assert published.set_index("tilt").loc[70, ["mean", "std"]].tolist() == [123, 31]
    drawing = denoising_figures.scores_by_tilt([(LINE_WIDTH, scores("relative_width")), (SSIM, scores("ssim"))])
    assert set(drawing.data["score"]) == {"relative_width", "ssim"}


def test_score_table_prints_measured_tilts_only():
    table = score_table(scores("psnr_db"), PSNR)
    assert table["tilt / °"].tolist() == ["0", "60"]
    assert table["dlf-slow"].tolist() == ["1.10 ± 0.14", "1.3"]
    assert table["BM3D, Zhao et al."].tolist() == ["34 ± 3", "35 ± 3"]


def test_lines_that_are_shown_are_counted_by_filter_and_tilt():
    lines = pd.DataFrame({"denoiser": ["dlf-slow"] * 4 + ["bm3d"] * 2, "tilt": [60, 60, 60, 60, 0, 60]})
    table = shown_lines_table(lines.assign(relative_intensity=[0.9, np.nan, np.nan, 1.0, 1.0, np.nan]))
    assert table["tilt / °"].tolist() == ["0", "60"]
    assert table["dlf-slow"].tolist()[1] == 50 and table["bm3d"].tolist() == [100, 0]


def test_angle_trace_shows_refined_minus_reported():
    angles = pd.DataFrame(
        {"frame": [0, 1], "reported_deg": [-70.0, 70.0], "angle_deg": [-69.0, 69.5], "sigma_deg": 0.1, "dy_px": 0.0, "dx_px": 1.0}
    )
    assert tilt_figures.angle_trace(angles).data["difference_deg"].tolist() == [1.0, -0.5]


def test_angle_trace_says_the_range_whatever_the_order_of_the_tilts():
    angles = pd.DataFrame({"frame": range(5), "reported_deg": [0.0, 2.0, -2.0, 4.0, -4.0], "sigma_deg": 0.1, "dy_px": 0.0, "dx_px": 0.0})
    assert "5 frames from -4.0° to 4.0°" in tilt_figures.angle_trace(angles.assign(angle_deg=angles["reported_deg"])).description


def test_series_images_take_the_frames_nearest_to_the_tilts():
    frames = np.arange(5.0)[:, None, None] + np.zeros((5, 16, 16))
    tilt = np.array([-60.0, -31.0, 2.0, 29.0, 61.0])
    drawing = tilt_figures.series_images({"slow": frames}, {"slow": tilt}, np.array([-30.0, 0.0, 60.0]), 4.56)
    assert drawing.data["frame"].tolist() == [1, 2, 4]


@pytest.mark.parametrize(
    ("tilt_deg", "shown_deg"),
    [
        (np.linspace(-69.6, 69.6, 233), [-69.6, -45, -19.8, 0, 19.8, 45, 69.6]),
        (np.arange(-30.0, 31.0, 2.0), [-30, -20, 0, 20, 30]),
        (np.arange(60.0, -1.0, -3.0), [0, 21, 45, 60]),
        (np.array([25.0, 27.0, 30.0]), [25, 30]),
    ],
)
def test_shown_tilts_are_those_of_frames_each_once(tilt_deg, shown_deg):
    assert tilt_figures.shown_tilts(tilt_deg) == pytest.approx(shown_deg)
    drawing = tilt_figures.series_images({"slow": np.zeros((len(tilt_deg), 8, 8))}, {"slow": tilt_deg}, np.array(shown_deg), 4.56)
    assert drawing.data["frame"].is_unique and drawing.data["tilt_deg"].tolist() == pytest.approx(shown_deg)


def test_series_images_name_whole_degrees():
    tilt = np.array([-69.63, -0.2, 69.63])
    drawing = tilt_figures.series_images({"slow": np.zeros((3, 8, 8))}, {"slow": tilt}, tilt, 4.56)
    assert "-70°, 0°, 70°" in drawing.description


def test_projections_show_z_upwards_and_the_right_axes():
    volume = np.zeros((8, 16, 32), np.float32)
    volume[6, 3, 20:24] = 1.0
    drawing = volume_figures.projections(volume, volume, 4.56)
    along_z, along_y, along_x = (drawing.figure.axes[number].images[0].get_array() for number in (0, 3, 6))
    assert along_z.shape == (16, 32) and along_z[3, 21] == 1.0
    assert along_y.shape == (8, 32) and along_y[1, 21] == 1.0
    assert along_x.shape == (8, 16) and along_x[1, 3] == 1.0
    assert drawing.data["correlation"].tolist() == pytest.approx([1.0, 1.0, 1.0])


def test_centres_of_yz_sections_are_drawn_in_3d():
    table = pd.DataFrame({"plane": ["yz", "yz", "xz"], "slice": 0, "x_nm": [0, 5, 9], "y_nm": 1.0, "z_nm": 2.0, "weight": 1.0})
    drawing = position_figures.centres_3d(table, table.iloc[:1])
    assert drawing.data["series"].tolist() == ["slow", "rapid", "rapid"]
    position_figures.centres_3d(table.iloc[:0], table.iloc[:0])


def test_depth_differences_state_the_curvature():
    y = np.repeat(np.arange(-400.0, 401.0, 50.0), 3)
    places = np.column_stack([np.tile([-100.0, 0.0, 100.0], 17), y, np.zeros(51)])
    differences = np.column_stack([np.zeros(51), np.zeros(51), -12.0 * (y / 1000) ** 2 + 1.0])
    drawing = position_figures.depth_differences(paired("yz", places, differences))
    assert "curvature -12.00 ± 0.00 nm/µm²" in drawing.figure.axes[0].get_title()
    assert "curvature +0.00 ±" in drawing.figure.axes[1].get_title()
    along_y = drawing.data[drawing.data["along"] == "y"]
    np.testing.assert_allclose(along_y["mean_nm"], along_y["fit_nm"], atol=1e-9)


def test_a_curvature_whose_deviation_is_not_known_is_not_stated():
    y = np.arange(-400.0, 401.0, 50.0)
    pairs = paired("yz", np.column_stack([0.0 * y, y, 0.0 * y]), np.zeros((len(y), 3))).assign(line=0)
    drawing = position_figures.depth_differences(pairs)
    words = position_figures.time_lag_profiles({"one angle a row": pairs}).description
    assert "curvature" not in drawing.description + drawing.figure.axes[0].get_title() + words


def test_difference_histograms_count_every_pair_once():
    yz = paired("yz", np.zeros((4, 3)), [[0, 1, 2], [0, -3, 2], [0, 1, -2], [0, 1, 2]])
    xz = paired("xz", np.zeros((2, 3)), [[6, 0, 0], [-2, 0, 0]])
    drawing = position_figures.difference_histograms(pd.concat([yz, xz]), ZHAO_MEAN_ABS_NM)
    assert drawing.data[["pairs_x", "pairs_y", "pairs_z"]].sum().tolist() == [2, 4, 4]
    assert "4.0 nm in x, 1.5 nm in y, 2.0 nm in z" in drawing.description
    assert position_figures.difference_histograms(yz.iloc[:0], ZHAO_MEAN_ABS_NM).data["pairs_z"].sum() == 0


def test_figures_of_no_pairs_are_empty_not_broken():
    nothing = paired("yz", np.zeros((0, 3)), np.zeros((0, 3)))
    assert position_figures.depth_differences(nothing).description == "Mean difference in z against y and x."


def test_motion_trace_states_amplitude_and_error_and_says_when_there_is_none():
    motion = pd.DataFrame(
        {
            "frame": [0, 1],
            "frequency_hz": 50.0,
            "cosine_dy_px": [0.3, 0.0],
            "cosine_dx_px": 0.0,
            "sine_dy_px": [0.0, 0.3],
            "sine_dx_px": 0.1,
        }
    ).assign(dy_sigma_px=0.05, dx_sigma_px=0.04)
    drawing = tilt_figures.motion_trace(motion)
    assert drawing.data["dy_px"].tolist() == pytest.approx([0.3, 0.3])
    assert "0.21 px in y and 0.07 px in x" in drawing.description
    assert "0.05 and 0.04 px" in drawing.description
    assert "No motion" in tilt_figures.motion_trace(motion.iloc[:0]).description


def test_every_frequency_of_the_motion_is_drawn():
    frequencies_hz = [25.0, 50.0, 100.0, 150.0]
    motion = pd.DataFrame({"frame": [0, 1] * 4, "frequency_hz": np.repeat(frequencies_hz, 2)})
    columns = ("cosine_dy_px", "cosine_dx_px", "sine_dy_px", "sine_dx_px", "dy_sigma_px", "dx_sigma_px")
    drawing = tilt_figures.motion_trace(motion.assign(**dict.fromkeys(columns, 0.1)))
    for panel in drawing.figure.axes:
        assert [line.get_label() for line in panel.lines] == ["25 Hz", "50 Hz", "100 Hz", "150 Hz"]
        assert len({line.get_linestyle() for line in panel.lines}) == 4
