import mrcfile
import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.files.mrc_volumes import read_volume, write_volume
from rapidstem.tomography.reconstruction.slice_blocks import slice_range
from rapidstem.tomography.reconstruction.volume_blocks import gather_blocks, write_block


@pytest.fixture
def blocks(tmp_path):
    volume = np.random.default_rng(6).normal(2, 3, (5, 7, 11)).astype(np.float32)
    paths = []
    for number in range(3):
        part = slice_range(number, 3, 11)
        paths.append(tmp_path / f"{number}.mrc")
        write_block(paths[-1], volume[:, :, part], 1.78, part.start)
    return volume, paths


def test_blocks_make_the_volume_again(blocks, tmp_path):
    volume, paths = blocks
    assert gather_blocks(paths, tmp_path / "gathered.mrc") == (5, 7, 11)
    gathered, voxel_nm = read_volume(tmp_path / "gathered.mrc")
    np.testing.assert_array_equal(gathered, volume)
    assert voxel_nm == pytest.approx(1.78, rel=1e-6)


def test_the_header_is_that_of_a_volume_written_at_once(blocks, tmp_path):
    volume, paths = blocks
    gather_blocks(paths, tmp_path / "gathered.mrc")
    write_volume(tmp_path / "whole.mrc", volume, 1.78)
    with mrcfile.open(tmp_path / "gathered.mrc") as gathered, mrcfile.open(tmp_path / "whole.mrc") as whole:
        for name in ("nx", "ny", "nz", "mx", "my", "mz", "mode", "ispg", "nxstart", "dmin", "dmax"):
            assert gathered.header[name] == whole.header[name], name
        for name in ("dmean", "rms"):
            assert gathered.header[name] == pytest.approx(whole.header[name], rel=1e-5)
        assert gathered.is_volume()
    assert mrcfile.validate(tmp_path / "gathered.mrc")


def test_blocks_in_another_order_are_refused(blocks, tmp_path):
    _, paths = blocks
    with pytest.raises(InputError, match="begins with slice 3, not 0"):
        gather_blocks(paths[1:], tmp_path / "gathered.mrc")
    assert not (tmp_path / "gathered.mrc").exists()


def test_blocks_of_another_height_are_refused(blocks, tmp_path):
    _, paths = blocks
    write_block(paths[1], np.zeros((5, 8, 4), np.float32), 1.78, 3)
    with pytest.raises(InputError, match="does not fit"):
        gather_blocks(paths, tmp_path / "gathered.mrc")


def test_a_missing_block_is_named(blocks, tmp_path):
    _, paths = blocks
    paths[2].unlink()
    with pytest.raises(InputError, match=r"2\.mrc: there is no such file"):
        gather_blocks(paths, tmp_path / "gathered.mrc")


def test_no_blocks_are_refused(tmp_path):
    with pytest.raises(InputError, match="at least one"):
        gather_blocks([], tmp_path / "gathered.mrc")
