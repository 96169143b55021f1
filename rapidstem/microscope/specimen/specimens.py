"""A specimen under the virtual microscope: what its clean image is, at rest or while the stage turns."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from rapidstem.microscope.contrast.contrast_table import VertexContrast, vertex_contrast
from rapidstem.microscope.contrast.line_drawing import DrawnLines, drawn_lines
from rapidstem.microscope.contrast.line_projection import ProjectedVertices, line_contrast, project_points
from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.goniometer import TiltMotion
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.foil_background import FoilBackground, draw_background, mean_absorption
from rapidstem.microscope.specimen.foil_faults import NO_FAULTS, FoilFaults, draw_faults, thinned
from rapidstem.microscope.specimen.gold_grating import grating_image
from rapidstem.microscope.specimen.line_cutting import cut_lines
from rapidstem.microscope.specimen.line_networks import DislocationLine, generate_lines, seen_box_nm
from rapidstem.microscope.specimen.line_strengths import with_strengths
from rapidstem.microscope.specimen.paradis_networks import lines_from_network
from rapidstem.microscope.specimen.slip_bands import band_lines
from rapidstem.microscope.specimen.strained_lines import added_lines

# Tilts of the contrast's table, denser where the thickness along the beam grows fast, as 1 / cos.
NODES_PER_SERIES_DEG = (0, 15, 30, 40, 48, 54, 59, 63, 67, 70, 73, 76, 80)


@dataclass(frozen=True)
class FrameGeometry:
    """Where and when the pixels of a frame are scanned.

    Attributes
    ----------
    motion : the stage's motion
    start_s, line_time_s : when row 0 is scanned and the time from row to row; a line time of 0 means a stage at rest
    shift_px : (2,) (dy, dx) of the specimen
    row_px, column_px : where rows and columns lie in slow geometry
    """

    motion: TiltMotion
    start_s: float
    line_time_s: float
    shift_px: np.ndarray
    row_px: np.ndarray
    column_px: np.ndarray

    @property
    def row_tilt_rad(self) -> np.ndarray:
        """Tilt (row,) when each row is scanned."""
        return self.motion.at(self.start_s + self.row_px * self.line_time_s)


class KnownSpecimen(Protocol):
    """Anything whose truth can be written."""

    @property
    def lines(self) -> list[DislocationLine]:
        """The dislocations, none of them for other specimens."""

    @property
    def faults(self) -> FoilFaults:
        """The faults of the foil, none of them for other specimens."""


class Specimen(KnownSpecimen, Protocol):
    """Anything that the microscope can look at."""

    def image(self, frame: FrameGeometry) -> np.ndarray:
        """Give the clean image (row, column), 1 on the average background without tilt.

        Parameters
        ----------
        frame
            Rows, columns, shift and times of the frame.

        Returns
        -------
        (row, column)
            Without noise.
        """


@dataclass(frozen=True)
class GratingSpecimen:
    """A gold cross grating; it is only looked at without tilt."""

    name: str
    settings: MicroscopeSettings
    lines: list[DislocationLine]
    faults: FoilFaults = NO_FAULTS

    def image(self, frame: FrameGeometry) -> np.ndarray:
        """Give the clean image of the grating, displaced by the frame's shift.

        Parameters
        ----------
        frame
            Rows, columns, shift and times of the frame.

        Returns
        -------
        (row, column)
            1 on the carbon film.
        """
        return grating_image(self.name, frame.row_px - frame.shift_px[0], frame.column_px - frame.shift_px[1], self.settings)


@dataclass(frozen=True)
class FoilSpecimen:
    """A foil with dislocations."""

    settings: MicroscopeSettings
    lines: list[DislocationLine]
    drawn: DrawnLines
    background: FoilBackground
    contrast: VertexContrast
    faults: FoilFaults = NO_FAULTS

    def image(self, frame: FrameGeometry) -> np.ndarray:
        """Give the clean image: the background of each row's tilt times the contrast of the lines, and what the faults do to it.

        Parameters
        ----------
        frame
            Rows, columns, shift and times of the frame.

        Returns
        -------
        (row, column)
            1 on the average background without tilt.
        """
        settings = self.settings
        middle = (settings.size_px - 1) / 2
        x_nm = (frame.column_px - middle - frame.shift_px[1]) * settings.pixel_size_nm
        row_nm = (frame.row_px - middle - frame.shift_px[0]) * settings.pixel_size_nm
        tilt = frame.row_tilt_rad
        image = self.background.image(x_nm, row_nm, tilt, settings)
        position, profiles = self.placed(frame)
        vertices = ProjectedVertices(position, self.drawn.line)
        image = image * line_contrast(vertices, profiles, frame.row_px, frame.column_px, settings.pixel_size_nm)
        return self._with_faults(image, frame, x_nm, row_nm)

    def placed(self, frame: FrameGeometry) -> tuple[np.ndarray, np.ndarray]:
        """Where the vertices of the lines lie in a frame, and their contrast.

        Parameters
        ----------
        frame
            Rows, columns, shift and times of the frame.

        Returns
        -------
        (vertex, 2), (vertex, distance)
            Rows and columns; logarithms of the intensity ratio.
        """
        tilt = frame.row_tilt_rad
        position = project_points(self.drawn.points_nm, frame.motion, frame.start_s, frame.line_time_s, frame.shift_px, self.settings)
        return position, self.contrast.at(float(tilt[len(tilt) // 2]))

    def _with_faults(self, image: np.ndarray, frame: FrameGeometry, x_nm: np.ndarray, row_nm: np.ndarray) -> np.ndarray:
        shape, contours, bodies = self.faults.shape, self.faults.contours, self.faults.bodies
        tilt = frame.row_tilt_rad
        if contours is not None:
            image = image * contours.transmission(x_nm, row_nm, tilt)
        if shape is not None:
            crystal = image / mean_absorption(tilt, self.settings)[:, None]
            image = thinned(crystal, shape.path_nm(x_nm, row_nm, tilt), tilt, self.settings)
        if bodies is not None:
            place = project_points(bodies.centre_nm, frame.motion, frame.start_s, frame.line_time_s, frame.shift_px, self.settings)
            tilts = frame.motion.at(frame.start_s + place[:, 0] * frame.line_time_s)
            image = image * bodies.transmission(place, tilts, frame.row_px, frame.column_px, self.settings)
        return image

    def after_bending(self) -> "FoilSpecimen":
        """Give the foil as the slow series sees it."""
        bending = self.faults.bending
        drawn = self.drawn if bending is None else replace(self.drawn, points_nm=bending.moved(self.drawn.points_nm))
        return replace(self, drawn=drawn, faults=self.faults.after_bending())


def redrawn(foil: FoilSpecimen, lines: list[DislocationLine], settings: MicroscopeSettings) -> FoilSpecimen:
    """The same foil with other lines, to be looked at over the whole range of a tilt series.

    Parameters
    ----------
    foil
        With its background and its faults.
    lines
        In place of its own.
    settings
        Of the virtual microscope.
    """
    drawn = drawn_lines(lines, settings.foil_thickness_nm, foil.faults.shape)
    return replace(foil, lines=lines, drawn=drawn, contrast=vertex_contrast(drawn, series_nodes_rad(settings), settings))


def foil_at(name: str, tilt_deg: float, settings: MicroscopeSettings, margin_nm: float = 0.0) -> FoilSpecimen:
    """Make a foil that will be looked at with one tilt; `margin_nm` makes it larger along x and y than what is seen.

    Parameters
    ----------
    name
        Of the specimen; with the seed it decides every random number.
    tilt_deg
        Of the stage at rest.
    settings
        Of the virtual microscope.
    margin_nm
        On every side along x and y.
    """
    return _foil(name, abs(tilt_deg), np.deg2rad([tilt_deg]), settings, margin_nm)


def foil_for_series(name: str, settings: MicroscopeSettings) -> FoilSpecimen:
    """Make a foil that will be looked at over the whole range of a tilt series.

    Parameters
    ----------
    name
        Of the specimen; with the seed it decides every random number.
    settings
        Of the virtual microscope.
    """
    largest_deg = max(abs(settings.tilt_start_deg), abs(settings.tilt_stop_deg))
    return _foil(name, largest_deg, series_nodes_rad(settings), settings)


def series_nodes_rad(settings: MicroscopeSettings) -> np.ndarray:
    """Tilts (node,) in radians at which the contrast of a foil is computed that a tilt series shows."""
    low, high = sorted((settings.tilt_start_deg, settings.tilt_stop_deg))
    return np.deg2rad(sorted({sign * angle for angle in NODES_PER_SERIES_DEG for sign in (-1, 1) if low - 5 <= sign * angle <= high + 5}))


def foil_of_series(name: str, tilt_deg: float, settings: MicroscopeSettings) -> FoilSpecimen:
    """Make the foil that a tilt series of this name shows, to be looked at with one tilt."""
    largest_deg = max(abs(settings.tilt_start_deg), abs(settings.tilt_stop_deg))
    return _foil(name, largest_deg, np.deg2rad([tilt_deg]), settings)


def _foil(name: str, largest_tilt_deg: float, nodes_rad: np.ndarray, settings: MicroscopeSettings, margin_nm: float = 0.0) -> FoilSpecimen:
    box = seen_box_nm(settings, largest_tilt_deg) + np.array((margin_nm, margin_nm, 0.0))
    rng = random_stream(settings.seed, name, "lines")
    if settings.network_path is None:
        lines = generate_lines(settings, box, rng)
    else:
        lines = lines_from_network(settings.network_path, settings, box, rng)
    background = draw_background(settings, random_stream(settings.seed, name, "background"))
    faults = draw_faults(name, box, settings)
    lines = _hard_lines(name, lines, box, faults, settings) + (added_lines(name, settings) if settings.strained else [])
    drawn = drawn_lines(lines, settings.foil_thickness_nm, faults.shape)
    return FoilSpecimen(settings, lines, drawn, background, vertex_contrast(drawn, nodes_rad, settings), faults)


def _hard_lines(
    name: str, lines: list[DislocationLine], half_box_nm: np.ndarray, faults: FoilFaults, settings: MicroscopeSettings
) -> list[DislocationLine]:
    """Add the lines of slip bands, cut all to the foil's shape, and make some faint."""
    lines = lines + band_lines(settings, half_box_nm, random_stream(settings.seed, name, "slip bands"))
    if faults.shape is not None:
        lines = cut_lines(lines, faults.shape)
    return with_strengths(lines, settings, random_stream(settings.seed, name, "line strengths"))
