"""A foil under stress: some of its dislocations rest, others bow out, sweep the field or jump, one slips across, two annihilate.

They move in the time of one in-situ series, each along a course of its own (`line_courses`).
"""

from dataclasses import dataclass, replace

import numpy as np

from rapidstem.microscope.contrast.contrast_table import vertex_contrast
from rapidstem.microscope.contrast.line_drawing import DrawnLines
from rapidstem.microscope.contrast.line_projection import ProjectedVertices, line_contrast, project_points
from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.field_resampling import FieldImage
from rapidstem.microscope.recording.goniometer import TiltMotion
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.crystal import GLIDE_PLANES, specimen_axes
from rapidstem.microscope.specimen.foil_faults import FoilFaults
from rapidstem.microscope.specimen.line_courses import LineCourse, as_whole, drawn_course
from rapidstem.microscope.specimen.line_networks import DislocationLine
from rapidstem.microscope.specimen.specimens import FoilSpecimen, foil_for_series, foil_of_series, redrawn
from rapidstem.microscope.specimen.strained_lines import ADDED_LINES
from rapidstem.numerics import plane_trace

# By judgement: vertices keep their depth, so that the contrast changes only as a bowing line turns, which is slow.
CONTRAST_STATES = 5
# Each shrinks the error by the way in the time of a row over a pixel: to a fifth at most in a jump of 160 nm in 20 ms, and to less than a
# hundredth at 200 nm/s (117.2 us a row, 4.56 nm a pixel).
FIXED_POINT_STEPS = 3
# By judgement, of the time of the series: late enough to be followed before, early enough for what comes after.
SLIP_ACROSS_AT, MEETING_AT = 0.4, 0.6


@dataclass(frozen=True)
class StrainedFoil:
    """A foil with resting and moving dislocations; look at it through `image`.

    Attributes
    ----------
    lines : all dislocations, as they lie before they move
    courses : of those that move, by the number of the line
    resting : the field with the resting lines
    moving : vertices of the others
    state_s, profiles : times (state,), and the contrast (state, vertex, distance) of the moving lines as they lie then
    faults : of the foil
    """

    settings: MicroscopeSettings
    motion: TiltMotion
    lines: list[DislocationLine]
    courses: dict[int, LineCourse]
    resting: FieldImage
    moving: DrawnLines
    state_s: np.ndarray
    profiles: np.ndarray
    faults: FoilFaults

    def image(self, start_s: float, shift_px: np.ndarray, row_px: np.ndarray, column_px: np.ndarray) -> np.ndarray:
        """Give the clean image (row, column) of a frame that starts at a time, at rows and columns in slow geometry.

        Every vertex stands where it is when its own row is scanned, found by a fixed-point iteration.

        Parameters
        ----------
        start_s : float
            Since the first frame of the series.
        shift_px : (2,)
            (dy, dx) of the specimen.
        row_px, column_px : (row,), (column,)
            Where rows and columns lie in slow geometry.

        Returns
        -------
        (row, column)
            1 on the average background without tilt.
        """
        settings = self.settings
        time = np.full(len(self.moving.line), start_s)
        for _ in range(FIXED_POINT_STEPS):
            points = moved_vertices(self.moving, self.courses, time)
            position = project_points(points, self.motion, 0.0, 0.0, shift_px, settings)
            time = start_s + np.clip(position[:, 0], 0, settings.size_px) * settings.line_time_s
        profiles = self._profiles_at(start_s) * ~vanished(self.moving, self.courses, time)[:, None]
        factor = line_contrast(ProjectedVertices(position, self.moving.line), profiles, row_px, column_px, settings.pixel_size_nm)
        return self.resting.image(shift_px, row_px, column_px) * factor

    def _profiles_at(self, time_s: float) -> np.ndarray:
        upper = int(np.clip(np.searchsorted(self.state_s, time_s), 1, len(self.state_s) - 1))
        part = np.float32(np.clip((time_s - self.state_s[upper - 1]) / (self.state_s[upper] - self.state_s[upper - 1]), 0, 1))
        return (1 - part) * self.profiles[upper - 1] + part * self.profiles[upper]


def strained_foil(
    name: str, specimen_name: str, tilt_deg: float, motion: TiltMotion, largest_shift_px: float, settings: MicroscopeSettings
) -> StrainedFoil:
    """Take the foil that a tilt series shows, and decide which of its lines move when.

    Parameters
    ----------
    name : str
        Of the in-situ series; it decides the motion.
    specimen_name : str
        Of the foil.
    tilt_deg : float
        Of the series.
    motion : TiltMotion
        Of the stage.
    largest_shift_px : float
        How far the specimen moves at most.
    settings : MicroscopeSettings
    """
    foil = foil_of_series(specimen_name, tilt_deg, settings)
    courses = drawn_courses(name, foil.lines, settings.glide_speed_nm_per_s, _duration_s(settings), settings)
    gone = np.isin(foil.drawn.line, list(courses))
    moving = foil.drawn.chosen(gone)
    still = replace(foil, drawn=foil.drawn.chosen(~gone), contrast=foil.contrast.of_vertices(~gone))
    resting = FieldImage.of(still, motion, largest_shift_px, settings)
    states = np.linspace(0, _duration_s(settings), CONTRAST_STATES)
    tilt = np.deg2rad([tilt_deg])
    profiles = [vertex_contrast(_moved(moving, courses, time), tilt, settings).at(tilt[0]) for time in states]
    return StrainedFoil(settings, motion, foil.lines, courses, resting, moving, states, np.stack(profiles), foil.faults)


def foil_after_stress(name: str, specimen_name: str, settings: MicroscopeSettings) -> FoilSpecimen:
    """Give the foil of a tilt series as a later one shows it: its lines rest where stress has left them.

    Parameters
    ----------
    name : str
        Of the later tilt series; it decides the motion.
    specimen_name : str
        Of the earlier one.
    settings : MicroscopeSettings
    """
    foil = foil_for_series(specimen_name, settings)
    end_s = _duration_s(settings)
    courses = drawn_courses(name, foil.lines, settings.glide_speed_nm_per_s, end_s, settings)
    return redrawn(foil, lines_after(foil.lines, courses, end_s), settings)


def lines_after(lines: list[DislocationLine], courses: dict[int, LineCourse], time_s: float) -> list[DislocationLine]:
    """The lines that are left at a time, where they are then.

    Parameters
    ----------
    lines : list of DislocationLine
        Before they move.
    courses : dict
        Of those that move, by their number.
    time_s : float
        Since the beginning of the series.

    Returns
    -------
    list of DislocationLine
    """
    after = []
    for number, line in enumerate(lines):
        course = courses.get(number)
        if course is None:
            after.append(line)
        elif course.until_s > time_s:
            after.append(replace(line, points_nm=line.points_nm + course.displacement_nm(line.points_nm, time_s)))
    return after


def moved_vertices(drawn: DrawnLines, courses: dict[int, LineCourse], time_s: np.ndarray) -> np.ndarray:
    """Places (vertex, 3) of the vertices, each at its own time (vertex,)."""
    points = drawn.points_nm.copy()
    for number in set(np.unique(drawn.line).tolist()) & set(courses):
        own = drawn.line == number
        points[own] += courses[number].displacement_nm(points[own], time_s[own])
    return points


def vanished(drawn: DrawnLines, courses: dict[int, LineCourse], time_s: np.ndarray) -> np.ndarray:
    """Which vertices (vertex,) belong to lines that have vanished, each at its own time (vertex,)."""
    until = np.array([courses[number].until_s if number in courses else np.inf for number in drawn.line.tolist()])
    return np.asarray(time_s >= until)


def drawn_courses(
    name: str, lines: list[DislocationLine], speed_nm_per_s: float, duration_s: float, settings: MicroscopeSettings
) -> dict[int, LineCourse]:
    """Decide which lines of a foil move, and how.

    Parameters
    ----------
    name : str
        Of the series; it decides the motion.
    lines : list of DislocationLine
        Of a strained foil, those added to it last.
    speed_nm_per_s, duration_s : float
        Largest speed of lines that glide steadily, and how long the series lasts.
    settings : MicroscopeSettings

    Returns
    -------
    dict of int to LineCourse
        By the number of the line.
    """
    rng = random_stream(settings.seed, name, "courses")
    axes = specimen_axes(settings.foil_normal)
    courses = {}
    for number, line in enumerate(lines[:-ADDED_LINES]):
        course = drawn_course(line.points_nm, plane_trace(axes @ line.plane_normal), speed_nm_per_s, duration_s, rng)
        if course is not None and line.strength:
            courses[number] = course
    screw, first, second = range(len(lines) - ADDED_LINES, len(lines))
    courses[screw] = _slipping_across(lines[screw], axes, speed_nm_per_s, duration_s)
    return courses | _annihilating(lines, first, second, speed_nm_per_s, duration_s)


def _slipping_across(line: DislocationLine, axes: np.ndarray, speed_nm_per_s: float, duration_s: float) -> LineCourse:
    """A screw dislocation that glides on one of its planes, then on the other."""
    other = next(each for each in GLIDE_PLANES / np.sqrt(3) if abs(each @ line.burgers) < 1e-9 and abs(each @ line.plane_normal) < 0.9)
    times, speed = np.array([0.1, SLIP_ACROSS_AT, 0.9]) * duration_s, speed_nm_per_s / 2
    traces = [plane_trace(axes @ normal) for normal in (line.plane_normal, other)]
    first, second = (step * speed * trace for step, trace in zip(np.diff(times), traces, strict=True))
    return as_whole("cross slip", times, np.array([np.zeros(3), first, first + second]))


def _annihilating(lines: list[DislocationLine], first: int, second: int, speed_nm_per_s: float, duration_s: float) -> dict[int, LineCourse]:
    """Two lines that glide towards each other and are no more when they meet."""
    way = (lines[second].points_nm.mean(axis=0) - lines[first].points_nm.mean(axis=0)) / 2
    meeting = MEETING_AT * duration_s
    begin = max(0.0, meeting - float(np.linalg.norm(way)) / speed_nm_per_s)
    return {
        number: as_whole("annihilating", [begin, meeting], np.outer([0.0, sign], way), meeting)
        for number, sign in ((first, 1.0), (second, -1.0))
    }


def _duration_s(settings: MicroscopeSettings) -> float:
    return settings.in_situ_frames * settings.frame_period_s


def _moved(drawn: DrawnLines, courses: dict[int, LineCourse], time_s: float) -> DrawnLines:
    return replace(drawn, points_nm=moved_vertices(drawn, courses, np.full(len(drawn.line), time_s)))
