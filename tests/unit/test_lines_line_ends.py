"""How far a line reaches, from what the frames say for each of its points."""

import numpy as np
import pytest

from rapidstem.lines.line_ends import trimmed


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        ([-1, -2, 5, 4, -3], range(2, 4)),
        ([5, 4, -3, 6], range(4)),
        ([5, 5, -30, 8, 8, 8], range(3, 6)),
        ([-1, -2, -1], range(0)),
        ([0, 0, 5, 0, 4, 0], range(2, 5)),
        ([2, -2, 0, 5, 4, -3, 3], range(3, 5)),
        ([0, 0], range(0)),
    ],
)
def test_the_stretch_that_the_frames_speak_for_most_stays_in_either_direction(own, kept):
    points = np.column_stack([5.0 * np.arange(len(own)), np.zeros((len(own), 2))])
    evidence = np.array(own, float)
    for line, evidence_there in ((points, evidence), (points[::-1], evidence[::-1])):
        assert sorted(trimmed(line, evidence_there)[:, 0]) == [5.0 * number for number in kept]
