"""How far a line reaches beyond its ends: a line that has left its plane seems to leave the foil.

Lifted into a plane that it no longer lies in, a line ends above one face of the foil, and short of the other.
"""

import numpy as np

from rapidstem.lines.motion.moving_lines import NODE_NM, MovingLine
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.view_evidence import FrameLines

# By judgement: several times the height beyond a face that tells cross slip (`motion_flags`), and no more, as other lines may follow.
REACH_NM = 120.0
# By judgement: 32 nm show the direction of a line, and 24 nm on either side of its end that nothing hides it.
DIRECTION_NODES, AROUND_NODES = 5, 3


def face_distances(line: MovingLine, slid_nm: np.ndarray, frame: FrameLines, view: TiltedView) -> np.ndarray:
    """By how far (2,), in nm along the line, it is seen beyond its first and its last node; negative where it ends before.

    The end of the dark line is where the evidence, summed from inside outwards, is largest. NaN for ends that lie on no face of the
    foil, farther than 120 nm from it, or where the frame does not show what lies around them.

    Parameters
    ----------
    line : MovingLine
    slid_nm : np.ndarray, (node,)
        By how far its nodes have slid in this frame.
    frame : FrameLines
    view : TiltedView
        Of the series.

    Returns
    -------
    np.ndarray, (2,)
        In nm.
    """
    flat = line.nodes_nm + slid_nm[:, None] * line.slide
    beyond = np.full(2, np.nan)
    for end, path in ((0, flat[::-1]), (1, flat)):
        inside = round(REACH_NM / NODE_NM)
        if not line.at_face[end] or len(path) < inside + DIRECTION_NODES:
            continue
        direction = path[-1] - path[-DIRECTION_NODES]
        direction /= max(float(np.linalg.norm(direction)), 1e-9)
        further = path[-1] + np.arange(1, inside + 1)[:, None] * NODE_NM * direction
        points = line.plane.points(np.vstack([path[-inside:], further]))
        _, support, speaking = frame.asked(points, view)
        stop = int(np.argmax(np.cumsum(support))) + 1
        around = speaking[max(0, stop - AROUND_NODES) : stop + AROUND_NODES]
        if len(around) == 2 * AROUND_NODES and around.all():
            beyond[end] = (stop - inside) * NODE_NM
    return beyond
