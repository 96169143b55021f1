"""What the alignment of a tilt series found."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rapidstem.tomography.aligned_images import apply_alignment
from rapidstem.tomography.alignment.axis_offset import offset_or_none
from rapidstem.tomography.alignment.frame_motion import MOTION_COLUMNS, FrameMotion
from rapidstem.tomography.alignment.line_points import LinePoints
from rapidstem.tomography.tilt_geometry import TiltGeometry


@dataclass(frozen=True)
class AlignedSeries:
    """What the alignment of a tilt series found.

    Attributes
    ----------
    geometry : TiltGeometry
        Angle and shift of every frame, rotation of the axis; the frame nearest zero tilt has no shift, the middle of the foil lies at
        z = 0. Frames that do not show the specimen are marked as not used.
    reported_deg, sigma_deg : np.ndarray, (frame,)
        Angles of the goniometer, and the standard deviation of the angles found (without their common zero).
    shift_sigma_px : np.ndarray, (frame, 2)
        Standard deviations of dy and dx (without the origin of the volume); not a number where nothing is known.
    axis_rotation_deg, axis_rotation_sigma_deg : float
        From x to the tilt axis in the plane of the image, positive towards y.
    axis_offset_px, axis_offset_sigma_px : float
        Distance of the axis from the centre of the frames, positive towards larger rows.
    method : str
        "bundle-adjustment", "cross-correlation" or "projection-matching".
    rms_residual_px : float
        Root mean square of the distances between projected points and lines, those within the last search radius.
    frame_residual_px : np.ndarray, (frame,)
        The same for every frame.
    points : LinePoints
        Points on dislocations, in pixels.
    matches : int
        Points seen on lines, counted in all frames.
    warnings : tuple of str
        What to look at although the alignment has succeeded.
    motion : FrameMotion or None
        Motion within the frames; None where none was measured.
    """

    geometry: TiltGeometry
    reported_deg: np.ndarray
    sigma_deg: np.ndarray
    shift_sigma_px: np.ndarray
    axis_rotation_deg: float
    axis_rotation_sigma_deg: float
    axis_offset_px: float
    axis_offset_sigma_px: float
    method: str
    rms_residual_px: float
    frame_residual_px: np.ndarray
    points: LinePoints
    matches: int
    warnings: tuple[str, ...]
    motion: FrameMotion | None = None

    def applied_to(self, series: np.ndarray, threads: int = 1) -> np.ndarray:
        """Frames without shifts, rotation of the axis and motion within them, in one resampling.

        Parameters
        ----------
        series : np.ndarray, (frame, y, x)
            Raw or denoised frames.
        threads : int
            Frames that are worked on at once.

        Returns
        -------
        np.ndarray, (frame, y, x), float32
        """
        line_shifts_px = None if self.motion is None else self.motion.line_shifts_px()
        return apply_alignment(series, self.geometry, line_shifts_px=line_shifts_px, threads=threads)

    def motion_table(self) -> pd.DataFrame:
        """Give the amplitudes of the motion within the frames.

        Returns
        -------
        DataFrame
            `MOTION_COLUMNS`, one row a frame and frequency; no rows where no motion was measured.
        """
        return pd.DataFrame(columns=MOTION_COLUMNS) if self.motion is None else self.motion.table()

    def summary(self) -> pd.DataFrame:
        """The whole alignment in one row.

        Returns
        -------
        DataFrame
            Method, frames, points, residual, mean uncertainties of the used frames, the root mean square of the motion within the frames in
            y or x, where it is larger (NaN where none was measured), and the axis; units are in the names of the columns.
        """
        used, shift_sigma_px = self.geometry.used, self.shift_sigma_px[np.isfinite(self.shift_sigma_px)]
        row = {
            "method": self.method,
            "frames": self.geometry.frames,
            "frames_used": int(used.sum()),
            "points": len(self.points.position_px),
            "matches": self.matches,
            "rms_residual_px": self.rms_residual_px,
            "mean_sigma_deg": np.nanmean(self.sigma_deg[used]),
            "mean_shift_sigma_px": shift_sigma_px.mean() if shift_sigma_px.size else np.nan,
            "largest_shift_px": np.abs(self.geometry.shift_px).max(),
            "motion_in_frames_px": np.nan if self.motion is None else float(self.motion.rms_px.max()),
            "axis_rotation_deg": self.axis_rotation_deg,
            "axis_rotation_sigma_deg": self.axis_rotation_sigma_deg,
            "axis_offset_px": self.axis_offset_px,
            "axis_offset_sigma_px": self.axis_offset_sigma_px,
        }
        return pd.DataFrame([row])

    @classmethod
    def without_points(
        cls,
        geometry: TiltGeometry,
        reported_rad: np.ndarray,
        sigma_deg: np.ndarray,
        shift_sigma_px: np.ndarray,
        method: str,
        warnings: tuple[str, ...],
        axis_rotation_sigma_deg: float = np.nan,
        rms_residual_px: float = np.nan,
    ) -> "AlignedSeries":
        """Give the result of a method that uses all frames and follows no points; arguments are those of the attributes.

        Parameters
        ----------
        geometry, reported_rad, sigma_deg, shift_sigma_px, method, warnings, axis_rotation_sigma_deg, rms_residual_px
            As the attributes of these names.
        """
        offset, offset_sigma = offset_or_none(geometry)
        return cls(
            geometry=geometry,
            reported_deg=np.rad2deg(reported_rad),
            sigma_deg=sigma_deg,
            shift_sigma_px=shift_sigma_px,
            axis_rotation_deg=float(np.rad2deg(geometry.axis_rotation_rad)),
            axis_rotation_sigma_deg=axis_rotation_sigma_deg,
            axis_offset_px=offset,
            axis_offset_sigma_px=offset_sigma,
            method=method,
            rms_residual_px=rms_residual_px,
            frame_residual_px=np.full(geometry.frames, np.nan),
            points=LinePoints(np.empty((0, 3)), np.empty((0, 3))),
            matches=0,
            warnings=warnings,
        )
