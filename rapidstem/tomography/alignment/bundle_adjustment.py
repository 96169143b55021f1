"""Least squares over everything at once: tilt and shift of every frame, rotation of the axis, every point in three dimensions."""

from dataclasses import dataclass, fields, replace

import numpy as np
import scipy

from rapidstem.tomography.alignment.line_points import LinePoints, Matches
from rapidstem.tomography.tilt_geometry import TiltGeometry, turned

# Full width of lines of 13.7 nm at 4.56 nm a pixel, and the least that filters of whole pixels resolve.
LINE_PX = 3
# By judgement: a tenth of a line's width keeps points from running along their lines, ten widths leave the shifts free.
_SLIDES_A_WIDTH, _SHIFT_WIDTHS = 10, 10.0
# Of Gauss-Newton, before lines are matched anew.
_STEPS = 4


@dataclass(frozen=True)
class Measurement:
    """What was measured and what is known beforehand, with the standard deviations that weigh one against the other.

    Attributes
    ----------
    matches : Matches
        At most one for each pair of point and frame.
    columns : int
        Columns of a frame.
    reported_rad : np.ndarray, (frame,)
        Angles of the goniometer, a weak prior: they fix the zero, which the frames alone cannot.
    reported_sigma_rad : float
    expected_shift_px : np.ndarray, (frame, 2)
        Shifts as cross-correlation gives them, a weak prior: they say how far a frame slides along lines that are all parallel.
    residual_px : float
        Scale of the distances between projected points and lines; larger distances count less and less (Cauchy).
    line_px : int
        Full width of the lines at half depth (`rapidstem.numerics.whole_pixels`).
    rotation_sigma_rad : float
        Of the rotation of the tilt axis in the plane of the image; wide.
    independent_share : float
        How many of the matches count as independent (`rapidstem.tomography.alignment.line_points.independent_share`): with the others,
        too, a handful of lines would outweigh the reported angles.
    """

    matches: Matches
    columns: int
    reported_rad: np.ndarray
    reported_sigma_rad: float
    expected_shift_px: np.ndarray
    residual_px: float
    line_px: int = LINE_PX
    rotation_sigma_rad: float = 0.1
    independent_share: float = 1.0

    @property
    def along_line_px(self) -> float:
        """How far a point may move along its line in one step."""
        return self.line_px / _SLIDES_A_WIDTH

    @property
    def shift_px(self) -> float:
        """Of the expected shifts; wide."""
        return _SHIFT_WIDTHS * self.line_px


def project_positions(position_px: np.ndarray, geometry: TiltGeometry, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Where points appear in the raw frames, each in the row that was scanned at the tilt that puts it there.

    Parameters
    ----------
    position_px : np.ndarray, (point, 3)
        x, y, z from the centre, in pixels.
    geometry : TiltGeometry
        Of the series.
    columns : int
        Of a frame.

    Returns
    -------
    np.ndarray, (frame, point, 2)
        Row and column.
    np.ndarray, (frame, point)
        Tilt in radians at that moment.
    """
    x, y, z = position_px.T
    centre = np.array([geometry.rows - 1, columns - 1]) / 2
    place = np.broadcast_to(centre[:, None, None], (2, geometry.frames, len(x)))
    for _ in range(1 if geometry.time_s is None else 3):
        row, column = np.clip(place[0], -geometry.rows, 2 * geometry.rows), np.clip(place[1], -columns, 2 * columns)
        tilt = geometry.row_angles_rad(row, column)
        height = y * np.cos(tilt) + z * np.sin(tilt)
        place = np.stack(turned(height, x, geometry.axis_rotation_rad)) + (centre + geometry.shift_px).T[:, :, None]
    return np.moveaxis(place, 0, -1), tilt


def residuals_px(points: LinePoints, geometry: TiltGeometry, columns: int, matches: Matches) -> np.ndarray:
    """Distance of each match's projected point from its line, (match,), in pixels.

    Parameters
    ----------
    points : LinePoints
        Points on dislocations.
    geometry : TiltGeometry
        Of the series.
    columns : int
        Of a frame.
    matches : Matches
        Lines of the frames that the points were found on.

    Returns
    -------
    np.ndarray, (match,)
        Signed, along the normal of the line.
    """
    place, _ = project_positions(points.position_px, geometry, columns)
    return np.sum(matches.normal * (place[matches.frame, matches.point] - matches.ridge_px), axis=1)


def adjust(points: LinePoints, geometry: TiltGeometry, measured: Measurement) -> tuple[LinePoints, TiltGeometry]:
    """Gauss-Newton steps over angles, shifts, rotation of the axis and points, the points eliminated by the Schur complement.

    Parameters
    ----------
    points, geometry : LinePoints, TiltGeometry
        Where to start.
    measured : Measurement

    Returns
    -------
    LinePoints, TiltGeometry

    References
    ----------
    B. Triggs et al., Bundle adjustment - a modern synthesis, LNCS 1883 (2000) 298.
    """
    for _ in range(_STEPS):
        equations = point_equations(points, geometry, measured)
        prior, prior_score = prior_equations(geometry, measured)
        information, score = reduced_equations(equations)
        frame_step = -np.linalg.solve(information + prior, score.sum(axis=0) + prior_score)
        rest = equations.point_score + np.einsum("pka,k->pa", equations.coupling, frame_step)
        point_step = -np.linalg.solve(equations.point_blocks, rest[..., None])[..., 0]
        step = frame_step[:-1].reshape(-1, 3)
        geometry = replace(
            geometry,
            angle_rad=geometry.angle_rad + step[:, 0],
            shift_px=geometry.shift_px + step[:, 1:],
            axis_rotation_rad=geometry.axis_rotation_rad + float(frame_step[-1]),
        )
        points = replace(points, position_px=points.position_px + np.clip(point_step, -5, 5))
    return points, geometry


@dataclass(frozen=True)
class PointEquations:
    """Every point's share of the normal equations.

    The unknowns of the series are the tilt, dy and dx of every frame, frame by frame, and last the rotation of the axis.

    Attributes
    ----------
    frame_blocks : np.ndarray, (point, frame, 4, 4)
        Tilt, dy, dx of the frame, and the rotation.
    score : np.ndarray, (point, frame * 3 + 1)
        Gradient by the unknowns of the series.
    point_blocks : np.ndarray, (point, 3, 3)
    point_score : np.ndarray, (point, 3)
    coupling : np.ndarray, (point, frame * 3 + 1, 3)
    """

    frame_blocks: np.ndarray
    score: np.ndarray
    point_blocks: np.ndarray
    point_score: np.ndarray
    coupling: np.ndarray

    def of_points(self, chosen: np.ndarray) -> "PointEquations":
        """The share of some points, (point,) bool or indices."""
        return PointEquations(*(getattr(self, field.name)[chosen] for field in fields(self)))


def point_equations(points: LinePoints, geometry: TiltGeometry, measured: Measurement) -> PointEquations:
    """Linearise the distances between projected points and lines; each weighs its independent share of 1 / (scale^2 + distance^2)."""
    frame, point = measured.matches.frame, measured.matches.point
    residual, by_series, by_point = derivatives(points, geometry, measured)
    weight = measured.independent_share / (measured.residual_px**2 + residual**2)
    count, frames = len(points.position_px), geometry.frames
    frame_blocks = np.zeros((count, frames, 4, 4))
    frame_blocks[point, frame] = weight[:, None, None] * by_series[:, :, None] * by_series[:, None, :]
    coupling = np.zeros((count, frames, 4, 3))
    coupling[point, frame] = weight[:, None, None] * by_series[:, :, None] * by_point[:, None, :]
    score = np.zeros((count, frames, 4))
    score[point, frame] = (residual * weight)[:, None] * by_series
    along = points.tangent[:, :, None] * points.tangent[:, None, :] / measured.along_line_px**2
    point_blocks = along + 1e-3 * np.eye(3)
    np.add.at(point_blocks, point, weight[:, None, None] * by_point[:, :, None] * by_point[:, None, :])
    point_score = np.zeros((count, 3))
    np.add.at(point_score, point, (residual * weight)[:, None] * by_point)
    return PointEquations(frame_blocks, _series_unknowns(score), point_blocks, point_score, _series_unknowns(coupling))


def derivatives(points: LinePoints, geometry: TiltGeometry, measured: Measurement) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the distances of the matches and their derivatives; angles in radians, lengths in pixels.

    Parameters
    ----------
    points : LinePoints
    geometry : TiltGeometry
    measured : Measurement

    Returns
    -------
    distances : np.ndarray, (match,)
        From the ridge to the projected point, across the line.
    by_series : np.ndarray, (match, 4)
        Derivatives by tilt, dy and dx of the frame, and by the rotation of the axis.
    by_point : np.ndarray, (match, 3)
        Derivatives by x, y, z of the point.
    """
    frame, point, normal = measured.matches.frame, measured.matches.point, measured.matches.normal
    place, tilt = project_positions(points.position_px, geometry, measured.columns)
    residual = np.sum(normal * (place[frame, point] - measured.matches.ridge_px), axis=1)
    cosine, sine = np.cos(tilt[frame, point]), np.sin(tilt[frame, point])
    x, y, z = points.position_px[point].T
    height = y * cosine + z * sine
    row_turn, column_turn = turned(-x, height, geometry.axis_rotation_rad)
    by_height, by_along = turned(normal[:, 0], normal[:, 1], -geometry.axis_rotation_rad)
    by_series = np.stack([by_height * (z * cosine - y * sine), *normal.T, -normal[:, 0] * row_turn - normal[:, 1] * column_turn], axis=1)
    return residual, by_series, np.stack([by_along, by_height * cosine, by_height * sine], axis=1)


def _series_unknowns(blocks: np.ndarray) -> np.ndarray:
    """(point, frame, 4, ...) as (point, frame * 3 + 1, ...): the rotation, which all frames share, goes last."""
    count, frames = blocks.shape[:2]
    own = blocks[:, :, :3].reshape(count, frames * 3, *blocks.shape[3:])
    return np.concatenate([own, blocks[:, :, 3].sum(axis=1)[:, None]], axis=1)


def prior_equations(geometry: TiltGeometry, measured: Measurement) -> tuple[np.ndarray, np.ndarray]:
    """Information (frame * 3 + 1, the same) and gradient (frame * 3 + 1,) of reported angles, expected shifts and a rotation near zero."""
    frame_weight = [1 / measured.reported_sigma_rad**2, 1 / measured.shift_px**2, 1 / measured.shift_px**2]
    weight = np.append(np.tile(frame_weight, geometry.frames), 1 / measured.rotation_sigma_rad**2)
    unknown = np.column_stack([geometry.angle_rad - measured.reported_rad, geometry.shift_px - measured.expected_shift_px])
    return np.diag(weight), weight * np.append(unknown.ravel(), geometry.axis_rotation_rad)


def reduced_equations(equations: PointEquations) -> tuple[np.ndarray, np.ndarray]:
    """Eliminate the points: U - W V^-1 W^T, (unknown, unknown), and every point's share of the gradient, (point, unknown)."""
    lifted = equations.coupling @ np.linalg.inv(equations.point_blocks)
    unknowns = lifted.shape[1]
    eliminated = lifted.transpose(1, 0, 2).reshape(unknowns, -1) @ equations.coupling.transpose(1, 0, 2).reshape(unknowns, -1).T
    blocks = equations.frame_blocks.sum(axis=0)
    own = np.zeros((unknowns, unknowns))
    own[:-1, :-1] = scipy.linalg.block_diag(*blocks[:, :3, :3])
    own[-1, :-1] = own[:-1, -1] = blocks[:, :3, 3].ravel()
    own[-1, -1] = blocks[:, 3, 3].sum()
    return own - eliminated, equations.score - np.einsum("pka,pa->pk", lifted, equations.point_score)
