import numpy as np
import pytest
from scipy import ndimage, signal

from rapidstem.errors import InputError
from rapidstem.frames.frame_checks import frame_fault
from rapidstem.frames.integration import integrate_frames
from rapidstem.frames.registration import Drift, drift_of_single_frame, register_frames

SIDE = 128


def moved_scene(rng, shift, side=SIDE):
    """Dark curved lines on a slowly varying background, moved by (dy, dx) without interpolation."""
    y, x = np.mgrid[:side, :side].astype(float)
    y, x = y - shift[0], x - shift[1]
    image = 1 + 0.1 * np.sin(x / 40) * np.cos(y / 50)
    for _ in range(14):
        centre, angle, width = rng.uniform(0, side, 2), rng.uniform(0, np.pi), rng.uniform(1.2, 2.2)
        along = (x - centre[1]) * np.cos(angle) + (y - centre[0]) * np.sin(angle)
        across = (x - centre[1]) * np.sin(angle) - (y - centre[0]) * np.cos(angle) + 0.003 * along**2
        image *= 1 - 0.4 * np.exp(-(across**2) / (2 * width**2)) * np.exp(-((along / 35) ** 4))
    return image


def recorded(shifts, seed=0, electrons=20.0, streak=0.03, lag=0.5):
    rng = np.random.default_rng(seed + 1000)
    frames = []
    for shift in shifts:
        clean = moved_scene(np.random.default_rng(seed), shift)
        counts = signal.lfilter([1 - lag], [1, -lag], rng.poisson(electrons * clean).astype(float), axis=1)
        frames.append(7000 + 300 * counts * (1 + streak * rng.normal(size=(SIDE, 1))))
    return np.array(frames).astype(np.uint16)


def drifting(count, seed=5, step=0.4):
    rng = np.random.default_rng(seed)
    shifts = np.cumsum(rng.normal(0.1, step, (count, 2)), axis=0)
    return shifts - shifts.mean(axis=0)


def error_px(drift, truth):
    difference = (drift.shift_px - truth)[drift.used]
    return np.sqrt(((difference - difference.mean(axis=0)) ** 2).sum(axis=1).mean())


def test_sign_and_axes_of_the_shift():
    drift = register_frames(recorded([(0.0, 0.0), (3.0, -5.0)], electrons=2000, streak=0.005))
    np.testing.assert_allclose(drift.shift_px[1] - drift.shift_px[0], (3.0, -5.0), atol=0.15)
    np.testing.assert_allclose(drift.shift_px.mean(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_noisy_frames_are_registered_to_a_seventh_of_a_pixel(seed):
    truth = drifting(30, seed)
    drift = register_frames(recorded(truth, seed))
    assert drift.used.all()
    assert error_px(drift, truth) < 0.15


def test_residual_tells_the_size_of_the_error():
    errors, residuals = [], []
    for seed, electrons in ((0, 4.0), (0, 20.0), (1, 4.0), (1, 20.0)):
        truth = drifting(30, seed)
        drift = register_frames(recorded(truth, seed, electrons))
        errors.append(error_px(drift, truth))
        residuals.append(np.sqrt((drift.residual_px**2).mean()))
    ratio = np.array(residuals) / np.array(errors)
    assert np.all((ratio > 0.5) & (ratio < 2))
    assert residuals[0] > 1.5 * residuals[1]


def test_large_drift_is_found():
    truth = drifting(12, step=6.0)
    assert np.ptp(truth, axis=0).max() > 15
    assert error_px(register_frames(recorded(truth)), truth) < 0.2


def test_a_fixed_pattern_does_not_hold_the_frames():
    truth = drifting(30)
    pattern = 1 + 0.1 * np.random.default_rng(8).normal(size=(SIDE, SIDE))
    frames = recorded(truth) * pattern
    mean = frames.mean(axis=0) - ndimage.gaussian_filter(frames.mean(axis=0), 3)
    assert (mean * (pattern - 1)).mean() > 0.5 * mean.std() * (pattern - 1).std()
    assert error_px(register_frames(frames), truth) < 0.3


def test_strong_streaks_do_not_hold_the_frames():
    truth = drifting(30)
    assert error_px(register_frames(recorded(truth, streak=0.3)), truth) < 0.2


def test_outliers_are_rejected_and_leave_the_others_alone():
    truth = drifting(20)
    frames = recorded(truth)
    frames[0] = np.random.default_rng(1).integers(5000, 20000, frames[0].shape)
    frames[7] = recorded(truth[7:8], seed=99)[0]
    drift = register_frames(frames)
    assert np.flatnonzero(~drift.used).tolist() == [0, 7]
    assert error_px(drift, truth) < 0.2
    np.testing.assert_allclose(drift.shift_px[drift.used].mean(axis=0), 0, atol=1e-9)


def test_unreadable_frames_are_left_out_with_a_reason():
    truth = drifting(14)
    frames = recorded(truth).astype(float)
    frames[2, 5, 5] = np.nan
    frames[4] = 7.0
    frames[6, 10:] = 65535
    frames[8, 90:] = 0
    drift = register_frames(frames)
    assert np.flatnonzero(~drift.used).tolist() == [2, 4, 6, 8]
    assert np.isnan(drift.shift_px[[2, 4, 6, 8]]).all()
    for number, word in ((2, "numbers"), (4, "constant"), (6, "saturated"), (8, "truncated")):
        assert word in drift.reason[number]
    assert drift.reason[0] == ""
    assert error_px(drift, truth) < 0.2


@pytest.mark.parametrize(("value", "words"), [(7.0, "the only frame is constant"), (np.nan, "the only frame holds values that are no num")])
def test_the_only_frame_of_a_field_is_looked_at(value, words):
    frame = recorded(drifting(1))[0].astype(float)
    assert drift_of_single_frame(frame).used.tolist() == [True]
    with pytest.raises(InputError, match=words):
        drift_of_single_frame(np.full_like(frame, value))


@pytest.mark.parametrize(
    "convert",
    [
        lambda f: (f / f.max() * 255).astype(np.uint8),
        lambda f: (f.astype(float) - 20000).astype(np.int16),
        lambda f: 3 * f.astype(np.int32) - 90000,
        lambda f: f.astype(np.uint32) + np.uint32(4_000_000_000),
        lambda f: (f / 1e5).astype(np.float32),
        lambda f: 1e-15 * f.astype(np.float64),
        lambda f: 1e30 * f.astype(np.float64),
        lambda f: f.astype(">u2"),
    ],
    ids=["uint8", "int16", "int32", "uint32", "float32", "tiny float64", "huge float64", "big-endian"],
)
def test_scale_and_type_of_the_counts_do_not_matter(convert):
    frames = recorded(drifting(10))
    plain, converted = register_frames(frames), register_frames(convert(frames))
    np.testing.assert_allclose(converted.shift_px, plain.shift_px, atol=0.03)
    np.testing.assert_allclose(converted.residual_px, plain.residual_px, rtol=0.2)


@pytest.mark.parametrize("blank", [0, 7000, 65535])
def test_blank_frames_with_a_little_noise_are_rejected(blank):
    truth = drifting(14)
    frames = recorded(truth)
    noise = np.random.default_rng(4).integers(0, 3, frames[0].shape)
    frames[[3, 9]] = np.clip(blank + noise, 0, 65535)
    drift = register_frames(frames)
    assert np.flatnonzero(~drift.used).tolist() == [3, 9]
    assert drift.reason[3] and drift.reason[9]
    assert error_px(drift, truth) < 0.2


def counted(shifts, electrons, step=1, seed=0):
    """Frames of a detector that counts electrons: no gain noise, no offset, `step` grey levels an electron."""
    rng = np.random.default_rng(seed + 1000)
    clean = [moved_scene(np.random.default_rng(seed), shift) for shift in shifts]
    return step * rng.poisson([electrons * image / image.mean() for image in clean])


@pytest.mark.parametrize(("step", "dtype"), [(1, np.uint8), (37, np.uint16), (0.25, np.float32)])
def test_counted_electrons_are_judged_by_their_dose_and_not_by_the_empty_pixels(step, dtype):
    truth = drifting(30)
    frames = counted(truth, 0.5, step).astype(dtype)
    assert (frames == 0).mean() > 0.5
    drift = register_frames(frames)
    assert drift.used.sum() >= 24 and not any("clipped" in reason for reason in drift.reason)
    assert error_px(drift, truth) < 1.25  # 1.01 px from 8000 electrons a frame; the drift itself spreads over several


def least_error_px(electrons, seed=0):
    """Cramer-Rao bound of a frame's shift where the scene is known: what no registration of counted electrons can do better."""
    clean = moved_scene(np.random.default_rng(seed), (0.0, 0.0))
    expected = electrons * clean / clean.mean()
    slopes = np.stack(np.gradient(expected)).reshape(2, -1)
    return np.sqrt(np.trace(np.linalg.inv(slopes / expected.ravel() @ slopes.T)))


@pytest.mark.parametrize("electrons", [1.0, 8.0])
def test_counted_electrons_are_registered_to_twice_what_their_number_allows(electrons):
    truth = drifting(30)
    drift = register_frames(counted(truth, electrons))
    assert drift.used.all()
    assert error_px(drift, truth) < 2 * least_error_px(electrons)


def test_average_of_counted_electrons_is_nearly_that_with_the_true_drift():
    truth = drifting(30, step=2.0)
    frames = counted(truth, 0.5)
    drifts = [register_frames(frames), Drift(truth, np.zeros(30), np.ones(30, bool)), Drift(0 * truth, np.zeros(30), np.ones(30, bool))]
    averages = [ndimage.gaussian_filter(np.nan_to_num(integrate_frames(frames, drift), nan=0.5), 1) for drift in drifts]
    assert np.nanmean(integrate_frames(frames, drifts[0])) == pytest.approx(0.5, rel=0.02)
    clean = ndimage.gaussian_filter(moved_scene(np.random.default_rng(0), (0.0, 0.0)), 1)
    moves = [(dy, dx) for dy in range(-3, 4) for dx in range(-3, 4)]
    inner = np.s_[24:-24, 24:-24]
    found, true, still = (
        max(np.corrcoef(np.roll(average, move, (0, 1))[inner].ravel(), clean[inner].ravel())[0, 1] for move in moves)
        for average in averages
    )
    assert found > 0.93 * true and found > still + 0.1


def test_a_detector_that_tells_hit_from_missed_is_not_saturated():
    frames = np.minimum(counted(drifting(4), 0.9), 1).astype(np.uint8)
    assert (frames == 1).mean() > 0.5
    assert [frame_fault(frame) for frame in frames] == [""] * 4


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (np.eye(SIDE, dtype=np.uint8), "too few electrons: 0.0078 a pixel"),
        (np.vstack([counted([(0, 0)], 0.5)[0][:90], np.zeros((38, SIDE), int)]), "truncated: 38 rows"),
        (1 - np.eye(SIDE, dtype=np.uint8), "saturated"),
        (np.clip(recorded([(0, 0)])[0].astype(int) - 14000, 0, None), "clipped at its lowest value"),
    ],
)
def test_faults_of_sparse_frames_are_still_found(frame, words):
    assert words in frame_fault(frame)


def test_every_kind_of_fault_is_counted_and_named():
    frames = recorded(drifting(8)).astype(np.float32)
    frames[0, 3, 3], frames[1, 7, 7] = np.nan, np.inf
    frames[2] = 5
    frames[3, 20:] = frames[3].max()
    frames[4, 20:] = 0
    frames[5, :, 30:] = 65535
    frames[6, :, 30:] = 0
    with pytest.raises(InputError) as caught:
        register_frames(frames)
    for words in (
        "1 of 8 left",
        "2 frames: holds values that are no numbers (0, 1)",
        "1 frame: is constant (2)",
        "2 frames: is saturated (3, 5)",
        "1 frame: is truncated (4)",
        "1 frame: is clipped at its lowest value (6)",
    ):
        assert words in str(caught.value)


def test_the_first_used_frames_are_those_behind_blank_ones():
    frames = recorded(drifting(6)).astype(float)
    frames[[0, 2]] = 0
    drift = register_frames(frames)
    assert drift.first_used(3).tolist() == [1, 3, 4] and drift.first_used(None).tolist() == [1, 3, 4, 5]
    assert np.isfinite(drift.shift_px[drift.first_used(None)]).all()
    with pytest.raises(InputError, match="none of the 2 frames is used"):
        Drift(np.full((2, 2), np.nan), np.full(2, np.nan), np.zeros(2, bool)).first_used(None)


def test_fewer_than_two_usable_frames_are_an_error():
    frames = recorded(drifting(3)).astype(float)
    with pytest.raises(InputError, match="two usable frames"):
        register_frames(frames[:1])
    frames[1:] = np.nan
    with pytest.raises(InputError, match=r"1 of 3 left; 2 frames: holds values that are no numbers \(1, 2\)"):
        register_frames(frames)


@pytest.mark.parametrize("count", [2, 5, 30])
def test_frames_without_features_are_an_error(count):
    with pytest.raises(InputError, match="no common features"):
        register_frames(np.random.default_rng(count).poisson(20, (count, SIDE, SIDE)))


def test_tiny_frames_are_an_error():
    with pytest.raises(InputError, match="too small"):
        register_frames(np.arange(18).reshape(2, 3, 3))


def test_frames_need_not_be_square_and_are_read_in_blocks(monkeypatch):
    truth = drifting(9)
    frames = recorded(truth)[:, :, :100]
    whole = register_frames(frames)
    monkeypatch.setattr("rapidstem.frames.frame_spectra.BLOCK_PIXELS", 2 * SIDE * 100)
    np.testing.assert_allclose(register_frames(frames).shift_px, whole.shift_px, atol=1e-4)
    assert error_px(whole, truth) < 0.25


def test_two_frames_agree_with_the_same_two_among_many():
    truth = drifting(12, step=2.0)
    frames = recorded(truth, electrons=100)
    alone, among = register_frames(frames[[2, 9]]).shift_px, register_frames(frames).shift_px
    np.testing.assert_allclose(alone[1] - alone[0], among[9] - among[2], atol=0.1)


def test_a_stack_without_any_usable_frame_is_an_error():
    with pytest.raises(InputError, match=r"0 of 2 left; 2 frames: is constant \(0, 1\)"):
        register_frames(np.ones((2, SIDE, SIDE)))
