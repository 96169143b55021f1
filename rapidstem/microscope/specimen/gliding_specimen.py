"""A foil whose dislocations glide while a tilt series is recorded, every vertex where it is when its own row is scanned."""

from dataclasses import dataclass, field, fields

import numpy as np

from rapidstem.microscope.contrast.line_projection import project_points
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.line_courses import LineCourse
from rapidstem.microscope.specimen.specimens import FoilSpecimen, FrameGeometry, foil_for_series, redrawn
from rapidstem.microscope.specimen.strained_specimen import FIXED_POINT_STEPS, drawn_courses, lines_after, moved_vertices, vanished


@dataclass(frozen=True)
class GlidingFoil(FoilSpecimen):
    """A foil under stress; its lines are those before they move, and its contrast theirs: they keep their depths, and turn little.

    Attributes
    ----------
    courses : of the lines that move, by their number
    """

    courses: dict[int, LineCourse] = field(default_factory=dict)

    def placed(self, frame: FrameGeometry) -> tuple[np.ndarray, np.ndarray]:
        """Where the vertices of the lines lie when their own rows are scanned, and their contrast, 0 after they have vanished.

        Parameters
        ----------
        frame
            Rows, columns, shift and times of the frame.

        Returns
        -------
        (vertex, 2), (vertex, distance)
            Rows and columns; logarithms of the intensity ratio.
        """
        _, profiles = super().placed(frame)
        time = np.full(len(self.drawn.line), frame.start_s)
        for _ in range(FIXED_POINT_STEPS):
            points = moved_vertices(self.drawn, self.courses, time)
            position = project_points(points, frame.motion, frame.start_s, frame.line_time_s, frame.shift_px, self.settings)
            time = frame.start_s + np.clip(position[:, 0], 0, self.settings.size_px) * frame.line_time_s
        return position, profiles * ~vanished(self.drawn, self.courses, time)[:, None]

    def at_rest(self) -> FoilSpecimen:
        """The foil when the series is over."""
        lines = lines_after(self.lines, self.courses, _duration_s(self.settings))
        plain = FoilSpecimen(**{each.name: getattr(self, each.name) for each in fields(FoilSpecimen)})
        return redrawn(plain, lines, self.settings)


def gliding_foil(name: str, specimen_name: str, settings: MicroscopeSettings) -> GlidingFoil:
    """Give the foil of an earlier tilt series as a later one shows it, while whose rapid frames are recorded its lines glide.

    Parameters
    ----------
    name : str
        Of the later tilt series; it decides the motion.
    specimen_name : str
        Of the earlier one.
    settings : MicroscopeSettings
    """
    foil = foil_for_series(specimen_name, settings)
    courses = drawn_courses(name, foil.lines, settings.sweep_glide_speed_nm_per_s, _duration_s(settings), settings)
    return GlidingFoil(**vars(foil), courses=courses)


def _duration_s(settings: MicroscopeSettings) -> float:
    return settings.tilt_frames * settings.frame_period_s
