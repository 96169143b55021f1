"""The same content gives the same bytes, whenever it is written."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from rapidstem.files.mrc_volumes import write_series, write_volume
from rapidstem.files.ome_tiff import write_frames, write_images
from rapidstem.tomography.reconstruction.volume_blocks import gather_blocks, write_block

STACK = np.random.default_rng(0).random((4, 8, 12), np.float32)


def _gathered(path: Path, stack: np.ndarray) -> None:
    block = path.with_suffix(".block.mrc")
    write_block(block, stack, 2.0, 0)
    gather_blocks([block], path)


WRITERS: dict[str, Callable[[Path, np.ndarray], object]] = {
    "stack.ome.tif": lambda path, stack: write_images(path, stack, 2.0),
    "channels.ome.tif": lambda path, stack: write_images(path, stack, 2.0, list("abcd")),
    "series.ome.tif": lambda path, stack: write_frames(path, iter(stack[:, None]), stack.shape, 2.0, np.arange(4.0)),
    "volume.mrc": lambda path, stack: write_volume(path, stack, 2.0),
    "series.mrc": lambda path, stack: write_series(path, stack, 2.0),
    "gathered.mrc": _gathered,
}


@pytest.mark.parametrize("name", WRITERS)
def test_same_content_same_bytes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mrcfile.mrcobject

    written = []
    for year in (2021, 2031):
        monkeypatch.setattr(mrcfile.mrcobject, "datetime", _Clock(datetime(year, 1, 1)))
        folder = tmp_path / str(year)
        folder.mkdir()
        WRITERS[name](folder / name, STACK)
        written.append((folder / name).read_bytes())
    assert written[0] == written[1]
    WRITERS[name](tmp_path / name, STACK + 1)
    assert (tmp_path / name).read_bytes() != written[0]


class _Clock:
    """A calendar that stands still, for libraries that call `datetime.now()`."""

    def __init__(self, time: datetime) -> None:
        self._time = time

    def now(self) -> datetime:
        return self._time
