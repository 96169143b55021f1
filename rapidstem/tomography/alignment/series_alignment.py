"""Tilt angles, shifts and axis of a tilt series from its dislocation lines alone."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from rapidstem.errors import InputError
from rapidstem.numerics import robust_spread, whole_pixels
from rapidstem.tomography.alignment.aligned_series import AlignedSeries
from rapidstem.tomography.alignment.alignment_checks import alignment_warnings, vacuum_warning
from rapidstem.tomography.alignment.angle_uncertainty import series_uncertainty
from rapidstem.tomography.alignment.axis_offset import offset_or_none
from rapidstem.tomography.alignment.bundle_adjustment import Measurement, adjust, residuals_px
from rapidstem.tomography.alignment.coarse_alignment import coarse_shifts
from rapidstem.tomography.alignment.correlation_alignment import align_by_correlation
from rapidstem.tomography.alignment.density_alignment import align_density
from rapidstem.tomography.alignment.frame_motion import motion_within_frames
from rapidstem.tomography.alignment.frame_selection import filled_between, fitting_frames, kept_places, of_frames
from rapidstem.tomography.alignment.line_points import NO_MATCHES, LinePoints, Matches, independent_share
from rapidstem.tomography.alignment.line_tracking import FrameRidges, match_points, search_trees
from rapidstem.tomography.alignment.quick_reconstruction import first_points, quick_volume, without_axial_trend
from rapidstem.tomography.alignment.repeated_frames import among_all_frames, of_used_frames, without_repetitions
from rapidstem.tomography.alignment.series_parts import check_one_part
from rapidstem.tomography.alignment.single_frames import SingleFrames
from rapidstem.tomography.foil_extent import foil_of_points
from rapidstem.tomography.tilt_geometry import TiltGeometry, turned

# By the last radius the lines are the points' own, and share their errors; by wider ones frames are drawn to their places first.
_LAST_WIDTHS = 2 / 3
# How far from its projection a line is taken for a point's, in line widths: from the first shifts' error to that of the lines' own; in
# three rounds, as frames and points fall out; by the last one, a dozen steps at most, until the shifts stay where they are.
_ROUNDS_RADII_WIDTHS = ((8 / 3, 2, 4 / 3, 1), (4 / 3, 1, 5 / 6), (1, 5 / 6, *[_LAST_WIDTHS] * 12))
# Less than half of what the shifts of a well determined series are wrong by.
_SETTLED_PX = 0.02
# Of the loss, before the first lines are matched.
_FIRST_RESIDUAL_WIDTHS = 1 / 2
# Motion within frames and geometry are measured in turn; three rounds are enough by judgement.
_MOTION_ROUNDS = 3
# By judgement: with fewer the angles would rest on a handful of lines, and the fallback takes over (docs/tomography.md).
_FEWEST_POINTS = 60
# As the report calls a series good; where fewer frames are used, faint lines may bring back more.
_ENOUGH_FRAMES = 0.9
# The loss' scale on noise-free series: what the vertex of a sampled ridge is wrong by, whatever the width of the line.
_LEAST_RESIDUAL_PX = 0.05


class TooFewLinesError(InputError):
    """Too few dislocations can be followed through a tilt series to align it."""


@dataclass(frozen=True)
class AlignmentSettings:
    """How a tilt series is aligned.

    Attributes
    ----------
    thickness_nm : float
        Of the foil.
    angle_sigma_deg : float
        How far the reported angles may be off: about 1.5 for a turning stage, 0.1 for a series taken stop and go.
    line_width_nm : float
        Full width of the lines at half depth.
    fallback : {"none", "cross-correlation"}
        What to do where too few lines can be followed: raise an error, or `align_by_correlation`.
    features : {"lines", "density"}
        What is followed: the dark lines of dislocations in a foil, or the mass of an isolated object (`align_density`).
    frame_motion : bool
        Whether motion within the frames is measured and taken out (`motion_within_frames`).
    """

    thickness_nm: float
    angle_sigma_deg: float = 1.5
    line_width_nm: float = 13.7
    fallback: Literal["none", "cross-correlation"] = "none"
    features: Literal["lines", "density"] = "lines"
    frame_motion: bool = False

    def __post_init__(self) -> None:
        if self.fallback not in ("none", "cross-correlation"):
            raise InputError(f"alignment_fallback is {self.fallback!r}: choose 'none' or 'cross-correlation'")
        if self.features not in ("lines", "density"):
            raise InputError(f"alignment_features is {self.features!r}: choose 'lines' or 'density'")

    def line_scale_px(self, pixel_size_nm: float) -> float:
        """Half of the full width of the lines at half depth.

        Parameters
        ----------
        pixel_size_nm : float
            Of the series.

        Returns
        -------
        float
            In pixels.
        """
        return self.line_width_nm / (2 * pixel_size_nm)

    def line_px(self, pixel_size_nm: float) -> int:
        """Full width of the lines at half depth, in whole pixels, at least three.

        Parameters
        ----------
        pixel_size_nm : float
            Of the series.

        Returns
        -------
        int
            As `rapidstem.numerics.whole_pixels` gives it.
        """
        return whole_pixels(self.line_width_nm, pixel_size_nm)


def align_series(
    series: np.ndarray, recorded: TiltGeometry, settings: AlignmentSettings, threads: int = 1, known: SingleFrames | None = None
) -> AlignedSeries:
    """Find the angle and the shift of every frame of a tilt series, and the rotation and the offset of its axis.

    Cross-correlation gives first shifts, a quick reconstruction gives points on dislocations, and a bundle adjustment over the dark
    lines of all frames gives angles, shifts, rotation and points at once; reconstruction and adjustment are repeated with the better
    geometry. Frames that do not show the specimen where the others say that it is take no part.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Bright-field frames, denoised and free of scan distortion, the tilt axis along x.
    recorded : TiltGeometry
        As the microscope has recorded it (`rapidstem.tomography.recorded_geometry`).
    settings : AlignmentSettings
    threads : int
    known : SingleFrames, optional
        What was worked out while the frames came, at the scale of the settings' lines.

    Returns
    -------
    AlignedSeries

    Raises
    ------
    InputError
        If geometry and frames do not fit together; a `TooFewLinesError` if too few lines can be followed through the series.
    """
    if series.shape[:2] != (recorded.frames, recorded.rows):
        raise InputError(f"a series of shape {series.shape} does not fit {recorded.frames} angles of frames with {recorded.rows} rows")
    recorded, warnings = without_repetitions(recorded, series)
    if settings.features == "density":
        part = of_used_frames(recorded)
        found = among_all_frames(align_density(part, series[recorded.used], settings.thickness_nm, settings.angle_sigma_deg), recorded)
    else:
        found = _lines_or_correlation(series, recorded, settings, threads, known)
    return replace(found, warnings=warnings + found.warnings)


def _lines_or_correlation(
    series: np.ndarray, recorded: TiltGeometry, settings: AlignmentSettings, threads: int, known: SingleFrames | None
) -> AlignedSeries:
    frames = known or SingleFrames(settings.line_scale_px(recorded.pixel_size_nm))
    try:
        return _align_with_most_frames(recorded, series, settings, threads, frames)
    except TooFewLinesError as error:
        if settings.fallback == "none":
            raise TooFewLinesError("; ".join([str(error), *vacuum_warning(frames.places(series))])) from error
        width_nm = settings.line_width_nm
        return align_by_correlation(recorded, series, settings.thickness_nm, settings.angle_sigma_deg, width_nm, threads)


def _align_with_most_frames(
    recorded: TiltGeometry, series: np.ndarray, settings: AlignmentSettings, threads: int, frames: SingleFrames
) -> AlignedSeries:
    """Align by the lines that stand out; where many frames are lost, or all, by faint ones too, if that uses more frames."""
    found: list[AlignedSeries] = []
    faults: list[InputError] = []
    for faint in (False, True):
        try:
            found.append(_align_lines(recorded, series, settings, threads, frames, faint))
        except InputError as error:
            faults.append(error)
        if found and found[0].geometry.used.sum() >= _ENOUGH_FRAMES * recorded.used.sum():
            break
    if not found:
        raise faults[0]
    return max(found, key=lambda each: int(each.geometry.used.sum()))


def _align_lines(
    recorded: TiltGeometry, series: np.ndarray, settings: AlignmentSettings, threads: int, frames: SingleFrames, faint: bool
) -> AlignedSeries:
    reported_rad, used = recorded.angle_rad, recorded.used
    thickness_nm, line_px = settings.thickness_nm, settings.line_px(recorded.pixel_size_nm)
    places = frames.places(series)
    lines, seen = frames.lines(series, places, used, threads, faint)
    geometry = replace(recorded, shift_px=coarse_shifts(lines, reported_rad, line_px=line_px, threads=threads))
    geometry = without_axial_trend(lines, geometry, thickness_nm, line_px, threads)
    ridges = search_trees(seen)
    angle_sigma_rad = np.deg2rad(settings.angle_sigma_deg)
    first_residual_px = _FIRST_RESIDUAL_WIDTHS * line_px
    measured = Measurement(NO_MATCHES, series.shape[2], reported_rad, angle_sigma_rad, geometry.shift_px, first_residual_px, line_px)
    for radii in _ROUNDS_RADII_WIDTHS:
        volume, geometry = quick_volume(lines, filled_between(geometry, reported_rad, used), thickness_nm, used, line_px, threads)
        points = first_points(volume, lines.shape, line_px)
        for radius in radii:
            before_px = geometry.shift_px
            points, geometry, measured, used = _match_and_adjust(points, geometry, measured, ridges, radius * line_px)
            if radius == _LAST_WIDTHS and np.median(np.abs(geometry.shift_px - before_px)) < _SETTLED_PX:
                break
        foil_px = _foil_px(points, measured.matches, thickness_nm / recorded.pixel_size_nm)
        points, geometry = _fix_gauge(points, geometry, used, sum(foil_px) / 2)
    motion = None
    for _ in range(_MOTION_ROUNDS if settings.frame_motion else 0):
        motion = motion_within_frames(points, geometry, measured, motion)
        if motion is None:
            break
        ridges = search_trees(motion.taken_out(seen))
        points, geometry, measured, used = _match_and_adjust(points, geometry, measured, ridges, _LAST_WIDTHS * line_px)
        points, geometry = _fix_gauge(points, geometry, used, sum(foil_px) / 2)
    check_one_part(measured.matches, used, reported_rad, lines)
    geometry = replace(filled_between(geometry, reported_rad, used), used=used)
    warnings = alignment_warnings(geometry, recorded, measured.reported_sigma_rad, foil_px, thickness_nm)
    return replace(_summary(points, geometry, measured, warnings + vacuum_warning(places)), motion=motion)


def _foil_px(points: LinePoints, matches: Matches, thickness_px: float) -> tuple[float, float]:
    """Lower and upper surface of the foil; a point counts as often as it is seen."""
    seen = np.bincount(matches.point, minlength=len(points.position_px))
    return foil_of_points(points.position_px[:, 2], seen, thickness_px)


def _match_and_adjust(
    points: LinePoints, geometry: TiltGeometry, measured: Measurement, ridges: list[FrameRidges], radius_px: float
) -> tuple[LinePoints, TiltGeometry, Measurement, np.ndarray]:
    """Match points and lines within a radius, and adjust with the frames in which the points are seen; these come last."""
    matches = match_points(points, geometry, measured.columns, ridges, radius_px)
    used = fitting_frames(points, geometry, measured.columns, matches)
    points, matches = _well_seen(points, of_frames(matches, used), geometry.frames)
    measured = replace(measured, matches=matches)
    if radius_px <= _LAST_WIDTHS * measured.line_px:
        measured = replace(measured, independent_share=independent_share(points, matches, measured.line_px))
    points, adjusted = adjust(points, geometry, measured)
    residual = residuals_px(points, adjusted, measured.columns, matches)
    scale = max(robust_spread(residual, 0.0), _LEAST_RESIDUAL_PX)
    return points, kept_places(adjusted, geometry, used), replace(measured, residual_px=scale), used


def _well_seen(points: LinePoints, matches: Matches, frames: int) -> tuple[LinePoints, Matches]:
    """Keep the points that are seen in a quarter of the frames at least."""
    seen = np.bincount(matches.point, minlength=len(points.position_px))
    kept = seen >= max(5, frames // 4)
    if kept.sum() < _FEWEST_POINTS:
        raise TooFewLinesError(
            f"only {kept.sum()} points on dislocations can be followed through the tilt series, {_FEWEST_POINTS} are needed: "
            "check the order and unit of the angles, the thickness and the denoising of the series, or set "
            "tomography.alignment_fallback to cross-correlation, which takes the reported angles"
        )
    number = np.cumsum(kept) - 1
    chosen = kept[matches.point]
    renumbered = Matches(matches.frame[chosen], number[matches.point[chosen]], matches.ridge_px[chosen], matches.normal[chosen])
    return LinePoints(points.position_px[kept], points.tangent[kept]), renumbered


def _fix_gauge(points: LinePoints, geometry: TiltGeometry, used: np.ndarray, middle_z: float) -> tuple[LinePoints, TiltGeometry]:
    """Move the origin to the middle of the foil and to where the used frame nearest zero tilt is not shifted."""
    zero = int(np.argmin(np.where(used, np.abs(geometry.angle_rad), np.inf)))
    cosine, sine = np.cos(geometry.angle_rad), np.sin(geometry.angle_rad)
    dy, dx = geometry.shift_px[zero]
    height, along = turned(dy, dx, -geometry.axis_rotation_rad)
    middle_y = -(height + middle_z * sine[zero]) / cosine[zero]
    moved = turned(middle_y * cosine + middle_z * sine, np.full_like(cosine, -along), geometry.axis_rotation_rad)
    points = replace(points, position_px=points.position_px - [-along, middle_y, middle_z])
    return points, replace(geometry, shift_px=geometry.shift_px + np.stack(moved, axis=1))


def _summary(points: LinePoints, geometry: TiltGeometry, measured: Measurement, warnings: tuple[str, ...]) -> AlignedSeries:
    frame, used = measured.matches.frame, geometry.used
    residual = residuals_px(points, geometry, measured.columns, measured.matches)
    count = np.bincount(frame, minlength=geometry.frames)
    square = np.bincount(frame, residual**2, minlength=geometry.frames)
    sigma = series_uncertainty(points, geometry, measured)
    prior = measured.reported_sigma_rad
    offset, offset_sigma = offset_or_none(geometry)
    return AlignedSeries(
        geometry=geometry,
        reported_deg=np.rad2deg(measured.reported_rad),
        sigma_deg=np.rad2deg(np.where(used, np.minimum(sigma.angle_rad, prior), prior)),
        shift_sigma_px=np.where(used[:, None], sigma.shift_px, np.nan),
        axis_rotation_deg=float(np.rad2deg(geometry.axis_rotation_rad)),
        axis_rotation_sigma_deg=float(np.rad2deg(sigma.rotation_rad)),
        axis_offset_px=offset,
        axis_offset_sigma_px=offset_sigma,
        method="bundle-adjustment",
        rms_residual_px=float(np.sqrt(np.mean(residual**2))),
        frame_residual_px=np.sqrt(square / np.maximum(count, 1)),
        points=points,
        matches=len(residual),
        warnings=warnings,
    )
