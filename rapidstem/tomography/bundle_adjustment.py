"""Least squares over everything at once: the tilt and shift of every frame and the place of every point in three dimensions."""

from dataclasses import dataclass, replace

import numpy as np

from rapidstem.tomography.tilt_geometry import TiltGeometry


@dataclass(frozen=True)
class LinePoints:
    """Points on dislocation lines in three dimensions, in pixels from the centre.

    Attributes
    ----------
    position_px : np.ndarray, (point, 3)
        x, y, z.
    tangent : np.ndarray, (point, 3)
        Unit vector along the line.
    """

    position_px: np.ndarray
    tangent: np.ndarray


@dataclass(frozen=True)
class Matches:
    """Which point is seen on which line of which frame.

    Attributes
    ----------
    frame, point : np.ndarray, (match,), int
    ridge_px : np.ndarray, (match, 2)
        Point on the centre of the dark line, (row, column).
    normal : np.ndarray, (match, 2)
        Unit vector across that line.
    """

    frame: np.ndarray
    point: np.ndarray
    ridge_px: np.ndarray
    normal: np.ndarray


@dataclass(frozen=True)
class AdjustmentWeights:
    """Standard deviations that weigh measurements against what is known beforehand.

    Attributes
    ----------
    residual_px : float
        Scale of the distances between projected points and lines; larger distances count less and less (Cauchy).
    reported_rad : float
        Of the reported angles.
    sliding_px : float
        Of a point's move along its line in one step.
    shift_px : float
        Of the shifts; wide.
    bend_rad : float or None
        Of the second differences of the tilt of neighbouring frames; None where nothing is known about the motion of the stage.
    """

    residual_px: float
    reported_rad: float
    sliding_px: float = 0.3
    shift_px: float = 30.0
    bend_rad: float | None = None


def project_points(position_px: np.ndarray, geometry: TiltGeometry, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Where points appear in the raw frames, each in the row that was scanned at the tilt that puts it there.

    Returns
    -------
    np.ndarray, (frame, point, 2)
        Row and column.
    np.ndarray, (frame, point)
        Tilt in radians at that moment.
    """
    x, y, z = position_px.T
    centre = (geometry.rows - 1) / 2
    row = np.full((geometry.frames, len(x)), centre)
    for _ in range(1 if geometry.time_s is None else 3):
        tilt = geometry.row_angles_rad(np.clip(row, -geometry.rows, 2 * geometry.rows))
        row = centre + y * np.cos(tilt) + z * np.sin(tilt) + geometry.shift_px[:, :1]
    column = (columns - 1) / 2 + x + geometry.shift_px[:, 1:]
    return np.stack([row, column], axis=-1), tilt


@dataclass(frozen=True)
class _NormalEquations:
    frames: np.ndarray  # (frame * 3, frame * 3): tilt, dy, dx
    frame_score: np.ndarray  # (point, frame * 3), the gradient of every point's share
    prior_score: np.ndarray  # (frame * 3,)
    points: np.ndarray  # (point, 3, 3)
    point_score: np.ndarray  # (point, 3)
    coupling: np.ndarray  # (point, frame * 3, 3)


def residuals_px(points: LinePoints, geometry: TiltGeometry, columns: int, matches: Matches) -> np.ndarray:
    """Distance of each match's projected point from its line, (match,), in pixels."""
    place, _ = project_points(points.position_px, geometry, columns)
    return np.sum(matches.normal * (place[matches.frame, matches.point] - matches.ridge_px), axis=1)


def adjust(
    points: LinePoints,
    geometry: TiltGeometry,
    reported_rad: np.ndarray,
    columns: int,
    matches: Matches,
    weights: AdjustmentWeights,
    steps: int = 4,
) -> tuple[LinePoints, TiltGeometry]:
    """Gauss-Newton steps over angles, shifts and points, the points eliminated by the Schur complement.

    Parameters
    ----------
    points, geometry : LinePoints, TiltGeometry
        Where to start.
    reported_rad : np.ndarray, (frame,)
        Angles of the goniometer, a weak prior: they fix the zero, which the frames alone cannot.
    columns : int
        Columns of a frame.
    matches : Matches
        At most one for each pair of point and frame.
    weights : AdjustmentWeights
    steps : int

    Returns
    -------
    LinePoints, TiltGeometry

    References
    ----------
    B. Triggs et al., Bundle adjustment - a modern synthesis, LNCS 1883 (2000) 298.
    """
    for _ in range(steps):
        equations = _normal_equations(points, geometry, reported_rad, columns, matches, weights)
        lifted, reduced = _eliminate_points(equations)
        score = equations.frame_score.sum(0) + equations.prior_score - np.einsum("pka,pa->k", lifted, equations.point_score)
        frame_step = -np.linalg.solve(reduced, score)
        rest = equations.point_score + np.einsum("pka,k->pa", equations.coupling, frame_step)
        point_step = -np.linalg.solve(equations.points, rest[..., None])[..., 0]
        step = frame_step.reshape(-1, 3)
        geometry = replace(geometry, angle_rad=geometry.angle_rad + step[:, 0], shift_px=geometry.shift_px + step[:, 1:])
        points = replace(points, position_px=points.position_px + np.clip(point_step, -5, 5))
    return points, geometry


def angle_sigma_rad(
    points: LinePoints,
    geometry: TiltGeometry,
    reported_rad: np.ndarray,
    columns: int,
    matches: Matches,
    weights: AdjustmentWeights,
    cell_px: float = 16.0,
) -> np.ndarray:
    """Standard deviation of every angle after its common zero is taken away, (frame,).

    The covariance is the robust (sandwich) one: the spread of the scores of groups of points. Neighbouring points on a line share
    their errors, so the groups are the points of one cell of `cell_px` in all three directions.

    References
    ----------
    H. White, Econometrica 48 (1980) 817; with clusters K.-Y. Liang and S. Zeger, Biometrika 73 (1986) 13.
    """
    equations = _normal_equations(points, geometry, reported_rad, columns, matches, weights)
    lifted, reduced = _eliminate_points(equations)
    score = equations.frame_score - np.einsum("pka,pa->pk", lifted, equations.point_score)
    _, group = np.unique(np.floor(points.position_px / cell_px).astype(int), axis=0, return_inverse=True)
    grouped = np.zeros((group.max() + 1, score.shape[1]))
    np.add.at(grouped, group.ravel(), score)
    inverse = np.linalg.inv(reduced)
    few = len(grouped) / max(len(grouped) - 1, 1)
    covariance = few * inverse @ (grouped.T @ grouped + _prior_information(geometry, weights)) @ inverse
    angles = covariance[::3, ::3]
    without_zero = np.eye(len(angles)) - 1 / len(angles)
    return np.sqrt(np.diag(without_zero @ angles @ without_zero))


def _normal_equations(
    points: LinePoints, geometry: TiltGeometry, reported_rad: np.ndarray, columns: int, matches: Matches, weights: AdjustmentWeights
) -> _NormalEquations:
    place, tilt = project_points(points.position_px, geometry, columns)
    frame, point = matches.frame, matches.point
    tilt = tilt[frame, point]
    cosine, sine = np.cos(tilt), np.sin(tilt)
    _, y, z = points.position_px[point].T
    across_row, across_column = matches.normal.T
    residual = np.sum(matches.normal * (place[frame, point] - matches.ridge_px), axis=1)
    by_frame = np.stack([across_row * (z * cosine - y * sine), across_row, across_column], axis=1)
    by_point = np.stack([across_column, across_row * cosine, across_row * sine], axis=1)
    weight = 1 / (weights.residual_px**2 + residual**2)
    return _assemble(points, geometry, reported_rad, weights, frame, point, residual * weight, weight, by_frame, by_point)


def _assemble(
    points: LinePoints,
    geometry: TiltGeometry,
    reported_rad: np.ndarray,
    weights: AdjustmentWeights,
    frame: np.ndarray,
    point: np.ndarray,
    pull: np.ndarray,
    weight: np.ndarray,
    by_frame: np.ndarray,
    by_point: np.ndarray,
) -> _NormalEquations:
    frames, count = geometry.frames, len(points.position_px)
    blocks = np.zeros((frames, 3, 3))
    np.add.at(blocks, frame, weight[:, None, None] * by_frame[:, :, None] * by_frame[:, None, :])
    information = _prior_information(geometry, weights)
    for i in range(frames):
        information[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] += blocks[i]
    unknown = np.concatenate([(geometry.angle_rad - reported_rad)[:, None], geometry.shift_px], axis=1)
    prior_score = _reported_information(geometry, weights) * unknown.ravel() + _bend_score(geometry, weights)
    coupling = np.zeros((count, frames, 3, 3))
    coupling[point, frame] = weight[:, None, None] * by_frame[:, :, None] * by_point[:, None, :]
    frame_score = np.zeros((count, frames, 3))
    frame_score[point, frame] = pull[:, None] * by_frame
    along = points.tangent[:, :, None] * points.tangent[:, None, :] / weights.sliding_px**2
    own = along + np.eye(3) * 1e-3
    np.add.at(own, point, weight[:, None, None] * by_point[:, :, None] * by_point[:, None, :])
    point_score = np.zeros((count, 3))
    np.add.at(point_score, point, pull[:, None] * by_point)
    return _NormalEquations(
        information, frame_score.reshape(count, -1), prior_score, own, point_score, coupling.reshape(count, 3 * frames, 3)
    )


def _eliminate_points(equations: _NormalEquations) -> tuple[np.ndarray, np.ndarray]:
    """W V^-1 (point, frame * 3, 3), and the Schur complement U - W V^-1 W^T."""
    lifted = equations.coupling @ np.linalg.inv(equations.points)
    width = lifted.shape[1]
    wide = lifted.transpose(1, 0, 2).reshape(width, -1)
    return lifted, equations.frames - wide @ equations.coupling.transpose(1, 0, 2).reshape(width, -1).T


def _reported_information(geometry: TiltGeometry, weights: AdjustmentWeights) -> np.ndarray:
    return np.tile([1 / weights.reported_rad**2, 1 / weights.shift_px**2, 1 / weights.shift_px**2], geometry.frames)


def _second_differences(geometry: TiltGeometry) -> np.ndarray:
    return np.diff(np.eye(geometry.frames), n=2, axis=0)


def _prior_information(geometry: TiltGeometry, weights: AdjustmentWeights) -> np.ndarray:
    information = np.diag(_reported_information(geometry, weights))
    if weights.bend_rad is not None:
        bend = _second_differences(geometry)
        information[::3, ::3] += bend.T @ bend / weights.bend_rad**2
    return information


def _bend_score(geometry: TiltGeometry, weights: AdjustmentWeights) -> np.ndarray:
    score = np.zeros(3 * geometry.frames)
    if weights.bend_rad is not None:
        bend = _second_differences(geometry)
        score[::3] = bend.T @ (bend @ geometry.angle_rad) / weights.bend_rad**2
    return score
