import numpy as np
import pandas as pd
import pytest

from rapidstem.dislocations.pairing import RigidMotion, moved_to_sections, pair_centroids, rigid_motion
from rapidstem.dislocations.section_links import chain_labels, line_directions
from rapidstem.scores.positional_error import line_centroids

VOXEL_NM = 4.56
SHAPE = (72, 192, 192)


def bowed_lines(number, seed):
    """Dislocation-like lines through a foil, with vertices that are not on the section planes."""
    random = np.random.default_rng(seed)
    way = np.linspace(-1.2, 1.2, 61)[:, None]
    lines = []
    for _ in range(number):
        centre = random.uniform([-350, -350, -60], [350, 350, 60])
        direction = random.normal(size=3) * [1.0, 1.0, 0.3]
        bow = random.normal(size=3) * [40.0, 40.0, 10.0]
        lines.append(centre + 350.0 * way * direction / np.linalg.norm(direction) + bow * way**2)
    return lines


def section_table(plane, sections, points):
    table = pd.DataFrame(points, columns=["x_nm", "y_nm", "z_nm"])
    return table.assign(plane=plane, slice=sections)


def rotated_about_x(points, angle_deg):
    """The rotation written out by hand: y turns towards z."""
    angle = np.deg2rad(angle_deg)
    x, y, z = points.T
    return np.column_stack([x, y * np.cos(angle) - z * np.sin(angle), y * np.sin(angle) + z * np.cos(angle)])


def test_pairs_are_mutual_and_within_the_radius_and_the_section():
    first = section_table("yz", [3, 3, 3, 4], [[0, 0, 0], [0, 4, 0], [0, 100, 0], [5, 200, 0]])
    second = section_table("yz", [3, 3, 5], [[0, 3, 1], [0, 120, 0], [10, 200, 0]])
    pairs = pair_centroids(first, second, radius_nm=10)
    assert pairs[["first_index", "second_index"]].to_numpy().tolist() == [[1, 0]]
    assert pairs.loc[0, ["dx_nm", "dy_nm", "dz_nm"]].tolist() == [0, 1, -1]
    assert pairs.loc[0, ["plane", "slice", "y_nm", "z_nm"]].tolist() == ["yz", 3, 3, 1]


def test_pairs_keep_yz_and_xz_sections_apart():
    first = section_table("yz", [3], [[0.0, 0.0, 0.0]])
    second = section_table("xz", [3], [[0.0, 0.0, 0.0]])
    assert len(pair_centroids(first, second, radius_nm=10)) == 0
    assert len(pair_centroids(first, first, radius_nm=10)) == 1


def test_distance_in_an_xz_section_is_taken_in_x_and_z():
    first = section_table("xz", [3], [[6.0, 0.0, 8.0]])
    second = section_table("xz", [3], [[0.0, 0.0, 0.0]])
    assert len(pair_centroids(first, second, radius_nm=9.9)) == 0
    assert len(pair_centroids(first, second, radius_nm=10.1)) == 1


def test_empty_tables_give_no_pairs():
    table = section_table("yz", [3], [[0.0, 0.0, 0.0]])
    assert len(pair_centroids(table.iloc[:0], table, 10)) == 0
    assert rigid_motion(table.iloc[:0], table).pairs == 0
    assert len(moved_to_sections(table, table.iloc[:0], RigidMotion())) == 0


def test_line_directions_follow_the_lines():
    sections = np.arange(20)
    points = np.column_stack([sections * 2.0, 1.0 * sections, -0.5 * sections + 3.0])
    directions, linked = line_directions(section_table("yz", sections, points))
    assert linked.all()
    np.testing.assert_allclose(directions, np.tile(np.array([2.0, 1.0, -0.5]) / np.sqrt(5.25), (20, 1)), atol=1e-12)


def test_line_directions_of_a_lonely_centre_is_the_normal():
    table = section_table("xz", [2, 9], [[0.0, 2.0, 0.0], [50.0, 9.0, 0.0]])
    directions, linked = line_directions(table)
    assert not linked.any()
    np.testing.assert_array_equal(directions, [[0, 1, 0], [0, 1, 0]])


def test_chains_follow_lines_and_keep_the_planes_apart():
    """Two lines that cross: nothing joins them; the same line in the other plane's sections is another chain."""
    sections = np.arange(30)
    first = np.column_stack([4.0 * sections, 2.0 * sections, np.zeros(30)])
    second = np.column_stack([4.0 * sections, np.full(30, 200.0), np.zeros(30)])
    gap = np.delete(np.arange(30), [14, 15, 16])
    tables = [
        section_table("yz", sections, first),
        section_table("yz", gap, second[gap]),
        section_table("xz", sections, first[:, [1, 0, 2]]),
    ]
    label = chain_labels(pd.concat(tables, ignore_index=True))
    pieces = [label[:30], label[30:44], label[44:57], label[57:]]
    assert [len(set(piece)) for piece in pieces] == [1, 1, 1, 1]
    assert len({piece[0] for piece in pieces}) == 4


@pytest.mark.parametrize("motion", [RigidMotion(0, 31.7, -12.3, 20.1), RigidMotion(-3.3, -40.2, 25.6, -9.4)])
def test_centres_slide_to_the_sections_of_the_second_tomogram(motion):
    lines = bowed_lines(15, seed=1)
    second = line_centroids(lines, SHAPE, VOXEL_NM)
    backwards = [rotated_about_x(line - motion.shift_nm, -motion.rotation_deg) for line in lines]
    moved = moved_to_sections(line_centroids(backwards, SHAPE, VOXEL_NM), second, motion)
    pairs = pair_centroids(moved, second, radius_nm=15)
    assert len(pairs) > 0.85 * len(second)
    assert pairs[["dx_nm", "dy_nm", "dz_nm"]].abs().mean().max() < 0.1


def test_sliding_keeps_the_error_of_a_centre():
    sections = np.repeat(np.arange(200), 4)
    random = np.random.default_rng(4)
    lines = np.column_stack([sections * 2.0, 200.0 * np.tile(np.arange(4), 200), np.zeros(800)])
    noisy = lines + random.normal(scale=1.5, size=(800, 3)) * [0, 1, 1]
    second = section_table("yz", sections, lines)
    moved = moved_to_sections(section_table("yz", sections, noisy), second, RigidMotion(shift_x_nm=1.0))
    assert np.std(pair_centroids(moved, second, 20)["dy_nm"]) == pytest.approx(1.5 * np.sqrt(1 + 0.25**2 * 2), rel=0.1)


def test_centres_slide_along_their_lines_as_the_motion_has_turned_them():
    """A line in the plane of x and z at 63 degrees to x, turned by 30 degrees about x."""
    x_nm = 4.0 * np.arange(30)
    first = section_table("yz", np.arange(30), np.column_stack([x_nm, np.zeros(30), 2 * x_nm]))
    motion = RigidMotion(30.0, 1.5)
    turned = np.column_stack([x_nm, -x_nm, np.sqrt(3) * x_nm]) + motion.shift_nm
    moved = moved_to_sections(first, section_table("yz", np.arange(30), turned - motion.shift_nm), motion)
    places = moved[["x_nm", "y_nm", "z_nm"]].to_numpy()
    np.testing.assert_allclose(places[:, 0], 4.0 * moved["slice"], atol=1e-9)
    np.testing.assert_allclose(places[:, 1:], np.outer(places[:, 0] - 1.5, [-1.0, np.sqrt(3)]), atol=1e-9)


def test_a_motion_is_undone_by_its_opposite():
    points, motion = np.random.default_rng(3).normal(scale=100, size=(5, 3)), RigidMotion(35.0, 12.0, -40.0, 7.0)
    np.testing.assert_allclose(motion.undo(motion.apply(points)), points, atol=1e-9)


def test_tables_of_lines_have_their_places_moved_and_their_directions_and_planes_turned():
    columns = [f"{kind}_{axis}" for kind in ("direction", "plane") for axis in "xyz"]
    table = pd.DataFrame([[10.0, 20.0, 30.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]], columns=["x_nm", "y_nm", "z_nm", *columns]).assign(line=4)
    moved = RigidMotion(90.0, 1.0, 2.0, 3.0).applied_to(table)
    assert list(moved.columns) == list(table.columns) and moved["line"].tolist() == [4]
    np.testing.assert_allclose(moved.iloc[0, :9], [11.0, -28.0, 23.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0], atol=1e-12)


def test_rotation_turns_y_towards_z():
    np.testing.assert_allclose(RigidMotion(90.0, 1.0, 2.0, 3.0).apply(np.array([[10.0, 20.0, 30.0]])), [[11.0, -28.0, 23.0]])


@pytest.mark.parametrize(
    "motion", [RigidMotion(), RigidMotion(1.7, 22.0, -35.0, 14.0), RigidMotion(-6.4, -120.0, 60.0, -45.0), RigidMotion(0.4, 3.0, 2.0, -6.0)]
)
def test_rigid_motion_comes_back_in_spite_of_noise_and_missing_lines(motion):
    random = np.random.default_rng(7)
    lines = bowed_lines(24, seed=2)
    second = line_centroids(lines[:20], SHAPE, VOXEL_NM)
    backwards = [rotated_about_x(line - motion.shift_nm, -motion.rotation_deg) for line in lines[4:]]
    first = line_centroids(backwards, SHAPE, VOXEL_NM)
    first[["y_nm", "z_nm"]] += random.normal(scale=3.0, size=(len(first), 2)) * (first["plane"] == "yz").to_numpy()[:, None]
    first[["x_nm", "z_nm"]] += random.normal(scale=3.0, size=(len(first), 2)) * (first["plane"] == "xz").to_numpy()[:, None]
    found = rigid_motion(first, second)
    assert found.rotation_deg == pytest.approx(motion.rotation_deg, abs=0.1)
    np.testing.assert_allclose(found.shift_nm, motion.shift_nm, atol=0.6)
    assert found.pairs > 0.5 * len(first)
