"""Which training fields are as thick as the tilt series."""

from pathlib import Path

import numpy as np
import pytest

from rapidstem.denoising.fields.field_choice import choose_fields, field_sample, histogram_distance, histograms, series_sample
from rapidstem.errors import InputError
from rapidstem.files.image_stacks import read_stack
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import settings_from


def frames(mean: float, spread: float = 100.0, seed: int = 0, count: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(mean, spread, (count, 64, 64)).round().clip(0).astype(np.uint16)


def test_distance_of_a_shift_is_the_shift_in_standard_deviations():
    series, field = field_sample("series", 0, frames(1000)), field_sample("field", 0, frames(1150, seed=1))
    assert histogram_distance(field, series) == pytest.approx(1.5, abs=0.03)


def test_distance_sees_another_width_at_the_same_mean():
    series, field = field_sample("series", 0, frames(1000)), field_sample("field", 0, frames(1000, 200.0, seed=1))
    # mean |z| of a normal distribution, times the difference of the widths
    assert histogram_distance(field, series) == pytest.approx(np.sqrt(2 / np.pi), abs=0.03)


def test_distance_does_not_depend_on_gain_of_the_detector():
    near, far = (field_sample("a", 0, 3 * frames(mean, seed=mean)) for mean in (1000, 1150))
    assert histogram_distance(far, near) == pytest.approx(1.5, abs=0.03)


def test_series_is_looked_at_where_its_tilt_is_nearest():
    tilts = np.arange(70, -71, -2.0)
    stack = np.concatenate([frames(1000 + 10 * tilt, 5.0, count=1) for tilt in tilts])
    sample = series_sample("series", tilts, stack, 40.0)
    assert sample.tilt_deg == 40.0
    assert np.median(sample.quantiles) == pytest.approx(1400, abs=2)
    assert series_sample("series", np.array([70.0, 41.0, 0.0, 40.0, 30.0]), stack[:5], 40.0).tilt_deg == 37.0


def test_thicker_field_is_left_out():
    series = field_sample("series", 0, frames(1000))
    fields = [field_sample("as thick", 0, frames(1020, seed=1)), field_sample("thicker", 0, frames(880, seed=2))]
    table = choose_fields(fields, {field.name: series for field in fields}, 0.75)
    assert table["kept"].to_list() == [True, False]
    assert table["distance"].to_list() == pytest.approx([0.2, 1.2], abs=0.05)


def test_each_field_is_held_against_the_series_at_its_own_tilt():
    fields = [field_sample("flat", 0, frames(1000, seed=1)), field_sample("tilted", 40, frames(600, seed=2))]
    series = {"flat": field_sample("series", 1.0, frames(1000)), "tilted": field_sample("series", 39.0, frames(620))}
    distance = histogram_distance(fields[1], series["tilted"])
    table = choose_fields(fields, series, distance)
    assert table["kept"].to_list() == [True, True], "the largest distance is allowed"
    assert table[["tilt_deg", "series_tilt_deg"]].to_numpy().tolist() == [[0, 1], [40, 39]]
    assert table["distance"].to_list() == pytest.approx([0.0, 0.2], abs=0.05)


def test_a_field_with_a_hole_is_left_out_by_its_name():
    series, spoiled = field_sample("series", 0, frames(1000)), frames(1000, seed=1)
    spoiled[:, :, 44:] = frames(1600, 30.0, seed=2)[:, :, 44:]
    fields = [field_sample("whole", 0, frames(1000, seed=3)), field_sample("with a hole", 0, spoiled)]
    table = choose_fields(fields, {field.name: series for field in fields}, 0.75).set_index("acquisition")
    assert table["kept"].to_dict() == {"whole": True, "with a hole": False}


def test_tilted_field_of_a_foil_twice_as_thick_is_far_from_its_series(tmp_path: Path):
    samples = {}
    for name, thickness_nm in (("series", 300), ("as thick", 300), ("thick", 600)):
        settings = settings_from({"size_px": 96, "frames_per_field": 3, "foil_thickness_nm": thickness_nm})
        paths = {f"{kind}_path": tmp_path / f"{name}.{kind}.emd" for kind in ("rapid", "slow", "truth")}
        simulate_acquisition(kind="training", name=name, tilt_deg=60.0, settings=settings, **paths)
        samples[name] = field_sample(name, 60.0, read_stack(paths["rapid_path"]).frames)
    assert histogram_distance(samples["as thick"], samples["series"]) < 0.75 < histogram_distance(samples["thick"], samples["series"])


def test_no_field_left_names_the_nearest_and_the_limit():
    series, field = field_sample("series-1", 0, frames(1000)), field_sample("thick", 0, frames(800, seed=1))
    with pytest.raises(InputError, match=r"no training field is left.*series-1.*2\.0.*thick.*0\.75"):
        choose_fields([field], {"thick": series}, 0.75)


@pytest.mark.parametrize("value", [7.0, np.nan])
def test_constant_field_is_named(value: float):
    with pytest.raises(InputError, match="field-3"):
        field_sample("field-3", 0, np.full((4, 8, 8), value))


def test_histograms_share_their_bins_and_hold_every_pixel():
    samples = [field_sample("a", 0, frames(1000)), field_sample("b", 20, frames(1100, seed=1))]
    table = histograms(samples, [True, False])
    by_name = dict(iter(table.groupby("acquisition")))
    assert np.array_equal(by_name["a"]["intensity"], by_name["b"]["intensity"])
    assert table.groupby("acquisition")["share"].sum().to_list() == pytest.approx([1, 1], abs=0.01)
    assert not by_name["b"]["kept"].any()
    assert [np.sum(each["share"] * each["intensity"]) for each in by_name.values()] == pytest.approx([1000, 1100], abs=3)
