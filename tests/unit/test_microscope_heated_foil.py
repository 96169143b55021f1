"""A foil that is heated: which lines move, when, and how far; the series that is made of it."""

from pathlib import Path

import numpy as np
import pytest

from rapidstem.files.image_stacks import read_stack
from rapidstem.files.specimen_temperature import read_temperature
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.recording.goniometer import resting_stage
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.heated_specimen import FARTHEST_NM, HeatedFoil, heated_foil
from rapidstem.microscope.truth import read_truth

SETTINGS = MicroscopeSettings(size_px=96, pixel_size_nm=8.0, in_situ_frames=12, frame_period_s=1.0, electrons_per_px=2000.0)


@pytest.fixture(scope="module")
def foil() -> HeatedFoil:
    return heated_foil("foil", 0.0, resting_stage(0.0), 4.0, SETTINGS)


def _places(foil: HeatedFoil, temperature_c: float) -> list[np.ndarray]:
    return [line.points_nm for line in foil.lines_at(temperature_c)]


def test_lines_rest_when_cold_glide_in_their_planes_and_keep_their_depths(foil: HeatedFoil) -> None:
    assert all(np.array_equal(moved, line.points_nm) for moved, line in zip(_places(foil, 0.0), foil.lines, strict=True))
    moved = [after - before for before, after in zip(_places(foil, 0.0), _places(foil, 300.0), strict=True)]
    far = np.array([np.linalg.norm(move[0]) for move in moved])
    assert 0.1 < (far > 5).mean() < 0.6
    assert far.max() <= FARTHEST_NM + 1e-9
    axes = np.abs([move[0, 2] for move in moved])
    assert axes.max() == 0


def test_image_changes_where_mobile_lines_are_and_follows_the_shift(foil: HeatedFoil) -> None:
    columns = np.arange(96.0)
    cold, hot = (foil.image(temperature, np.zeros(2), columns, columns) for temperature in (20.0, 300.0))
    change = np.abs(hot - cold)
    assert change.max() > 0.1
    assert np.median(change) < 0.01
    moved = foil.image(300.0, np.array([3.0, -2.0]), columns, columns)
    assert np.abs(moved[10:-10, 10:-10] - hot[7:-13, 12:-8]).max() < 0.02


def _simulated(folder: Path, name: str, temperature: str) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    paths = [folder / f"{name}.{part}" for part in ("rapid.emd", "slow.emd", "h5")]
    simulate_acquisition("in_situ", name, 0.0, SETTINGS, *paths, temperature=read_temperature(temperature))
    truth = read_truth(paths[2])
    assert truth.clean is not None
    return read_stack(paths[0]).frames, truth.clean, [line.points_nm for line in truth.lines]


def test_a_range_goes_on_where_the_one_before_ended(tmp_path: Path) -> None:
    _, _, lower = _simulated(tmp_path, "lower", "90..150@10")
    frames, clean, _ = _simulated(tmp_path, "upper", "150..210@10")
    _, _, still = _simulated(tmp_path, "still", "150")
    assert len(frames) == 12
    assert clean.shape == (96, 96)
    assert all(np.array_equal(one, other) for one, other in zip(lower, still, strict=True))
