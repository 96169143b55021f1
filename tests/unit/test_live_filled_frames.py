"""Hot pixels of a series that is still coming are those of the finished file."""

from pathlib import Path
from unittest.mock import Mock

import numpy as np

from rapidstem.files import write_series
from rapidstem.frames import FilledFrames, always_hot, unmeasured_pixels
from rapidstem.live import FilledAsTheyCome, WaitingFrames, denoised_as_they_come

# Read too much: far in one frame alone; in all frames, by less than what stands out of a single one.
ONCE, ALWAYS = (20, 9), (7, 30)


def hot_series() -> np.ndarray:
    """Twelve frames of noise with both kinds of hot pixels."""
    frames = 5000 + np.random.default_rng(3).normal(0, 100, (12, 32, 40))
    frames[4, *ONCE] += 4000
    frames[:, *ALWAYS] += 620
    return np.rint(frames).astype(np.uint16)


def test_frames_in_the_end_are_those_of_the_finished_file(tmp_path: Path) -> None:
    frames = hot_series()
    assert always_hot(frames)[ALWAYS] and not all(unmeasured_pixels(frame)[ALWAYS] for frame in frames)
    write_series(tmp_path / "series.mrc", frames, 4.56)
    live = FilledAsTheyCome(WaitingFrames(tmp_path / "series.mrc", 12, 1.0))
    blocks = [live[start : start + 2] for start in range(0, 12, 2)]
    assert blocks[2][0, *ONCE] < 5500, "what stands out of a frame is filled in at once"
    again = dict(live.filled_again())
    assert again, "what only the whole series shows is filled in afterwards"
    whole = np.concatenate([again.get(number, block) for number, block in enumerate(blocks)])
    assert np.array_equal(whole, FilledFrames.of(frames)[:])


def test_nothing_is_given_again_where_nothing_is_always_hot(tmp_path: Path) -> None:
    frames = hot_series()
    frames[:, *ALWAYS] -= 620
    write_series(tmp_path / "series.mrc", frames, 4.56)
    live = FilledAsTheyCome(WaitingFrames(tmp_path / "series.mrc", 12, 1.0))
    assert np.array_equal(np.concatenate([live[0:5], live[5:12]]), FilledFrames.of(frames)[:])
    assert dict(live.filled_again()) == {}


def test_frames_that_are_denoised_again_take_the_place_of_the_first(tmp_path: Path) -> None:
    frames = hot_series()
    frames[3, *ONCE], frames[9, *ALWAYS] = 9500, 9500
    write_series(tmp_path / "series.mrc", frames, 4.56)
    live, known, given = FilledAsTheyCome(WaitingFrames(tmp_path / "series.mrc", 12, 1.0)), Mock(), {}
    known.put.side_effect = lambda first, block: given.update(enumerate(block.copy(), first))

    def denoise(raw: FilledAsTheyCome | np.ndarray):
        return (raw[part] / 2 for part in ([slice(0, 5), slice(5, 9), slice(9, 10), slice(10, 12)] if raw is live else [slice(None)]))

    found = denoised_as_they_come(live, denoise, known, 12)
    assert np.array_equal(found, FilledFrames.of(frames)[:] / 2)
    assert np.array_equal(np.stack([given[number] for number in range(12)]), found)
    assert live.hot_pixels == sum(np.count_nonzero(unmeasured_pixels(frame)) for frame in frames)
    assert 2 not in dict(live.filled_again()), "where the pixel stood out already nothing is done twice"
