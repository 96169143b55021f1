"""Ends of pieces that continue each other become one line; others stay."""

import numpy as np

from rapidstem.lines.piece_linking import linked_pieces, set_back


def nothing_said(points):
    return np.zeros(len(points))


def along_x(start, stop, y=0.0, z=0.0):
    x = np.arange(start, stop, 4.0)
    return np.column_stack([x, np.full(len(x), y), np.full(len(x), z)])


def test_ends_that_face_each_other_are_linked():
    linked = linked_pieces([along_x(-300, -30), along_x(40, 300)], nothing_said)
    assert len(linked) == 1
    assert np.ptp(linked[0][:, 0]) > 590 and np.abs(linked[0][:, 1:]).max() < 1


def test_ends_that_have_passed_each_other_beside_a_crossing_are_linked():
    """Each end was led on past the other's, 16 nm to either side, as happens where a third line hides the way between them."""
    first, second = along_x(-300, 20), along_x(-16, 300)[::-1]
    first[-10:, 2] += np.linspace(0, 8, 10)
    second[-10:, 2] -= np.linspace(0, 8, 10)
    linked = linked_pieces([first, second], nothing_said)
    assert len(linked) == 1
    assert np.abs(linked[0][:, 2]).max() < 6
    assert np.all(np.diff(linked[0][:, 0]) > 0) or np.all(np.diff(linked[0][:, 0]) < 0)


def in_yz_section(start, stop, z):
    y = np.arange(start, stop, 4.0)
    return np.column_stack([np.zeros(len(y)), y, z - 0.3 * y])


def test_ends_of_a_line_in_a_yz_section_that_have_passed_each_other_are_linked():
    """Two ways that lead the line on side by side, 36 nm apart in depth: each is 18 nm off, on either side."""
    linked = linked_pieces([in_yz_section(-400, 20, 18.0), in_yz_section(-20, 260, -18.0)], nothing_said)
    assert len(linked) == 1
    assert np.abs(linked[0][np.abs(linked[0][:, 1]) < 10] @ [0, 0.3, 1]).max() < 6
    beside = linked_pieces([in_yz_section(-400, 20, 18.0), in_yz_section(-380, 10, -18.0)], nothing_said)
    assert len(beside) == 2


def test_an_end_is_set_back_by_a_third_of_its_piece_at_most():
    piece = along_x(0, 31)
    for last, kept in ((True, piece[:-2]), (False, piece[2:][::-1])):
        np.testing.assert_array_equal(set_back(piece, last, 40.0), kept)
        assert len(set_back(along_x(0, 301), last, 40.0)) == 66


def test_ends_at_a_right_angle_stay():
    other = along_x(40, 300)[:, [1, 0, 2]]
    assert len(linked_pieces([along_x(-300, -30), other], nothing_said)) == 2


def test_what_the_frames_say_against_the_way_between_counts():
    def against(points):
        return np.full(len(points), -400.0)

    assert len(linked_pieces([along_x(-300, -30), along_x(60, 300)], against)) == 2
