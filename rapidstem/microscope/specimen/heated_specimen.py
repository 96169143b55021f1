"""A foil whose dislocations glide when it becomes hot: some lines rest, the others jump from obstacle to obstacle.

A mobile line is moved as a whole along the trace of its glide plane in the surface, so that its ends stay on the surfaces. Each of its
jumps begins at a temperature of its own, at which it overcomes its obstacle, and takes a few degrees. Where a line lies is decided by the
temperature alone: a series of a higher range goes on where the one below it ended.
"""

from dataclasses import dataclass, replace

import numpy as np

from rapidstem.microscope.contrast.line_drawing import DrawnLines
from rapidstem.microscope.contrast.line_projection import ProjectedVertices, line_contrast, project_points
from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.field_resampling import FieldImage
from rapidstem.microscope.recording.goniometer import TiltMotion
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.crystal import specimen_axes
from rapidstem.microscope.specimen.foil_faults import FoilFaults
from rapidstem.microscope.specimen.line_courses import FARTHEST_NM, JUMP_NM
from rapidstem.microscope.specimen.line_networks import DislocationLine
from rapidstem.microscope.specimen.specimens import foil_at
from rapidstem.numerics import plane_trace

# Of the lines: most are held. How many jump, at what temperatures and how often: plausible, not measured on films.
MOBILE_SHARE = 0.3
ACTIVE_RANGE_C = (20.0, 420.0)
JUMP_EVERY_C = 40.0
JUMP_LASTS_C = 5.0


@dataclass(frozen=True)
class GlideHistory:
    """Jumps of one line along a direction.

    Attributes
    ----------
    direction : (3,) unit vector in specimen axes
    start_c : (jump,) temperatures at which the jumps begin
    step_nm : (jump,) signed distances
    """

    direction: np.ndarray
    start_c: np.ndarray
    step_nm: np.ndarray

    def displacement_nm(self, temperature_c: float) -> np.ndarray:
        """Where the line has moved to (3,) when this temperature is reached."""
        done = np.clip((temperature_c - self.start_c) / JUMP_LASTS_C, 0, 1)
        return (self.step_nm * done * done * (3 - 2 * done)).sum() * self.direction


@dataclass(frozen=True)
class HeatedFoil:
    """A foil with resting and mobile dislocations; look at it through `image`.

    Attributes
    ----------
    lines : all dislocations, as they lie before any jump
    glides : jumps of the mobile lines, by the number of the line
    resting : the field with the resting lines
    mobile, profiles : vertices of the mobile lines, and their contrast (vertex, distance)
    faults : of the foil
    """

    settings: MicroscopeSettings
    motion: TiltMotion
    lines: list[DislocationLine]
    glides: dict[int, GlideHistory]
    resting: FieldImage
    mobile: DrawnLines
    profiles: np.ndarray
    faults: FoilFaults

    def image(self, temperature_c: float, shift_px: np.ndarray, row_px: np.ndarray, column_px: np.ndarray) -> np.ndarray:
        """Give the clean image (row, column) at a temperature, at rows and columns in slow geometry.

        Parameters
        ----------
        temperature_c
            Of the specimen.
        shift_px : (2,)
            (dy, dx) by which the frame is displaced.
        row_px : (row,)
            Where the image's rows lie in slow geometry.
        column_px : (column,)
            Where its columns lie.

        Returns
        -------
        (row, column)
            1 on the average background without tilt.
        """
        numbers, vertex_line = np.unique(self.mobile.line, return_inverse=True)
        moves = np.array([self.glides[number].displacement_nm(temperature_c) for number in numbers]).reshape(-1, 3)
        points = self.mobile.points_nm + moves[vertex_line]
        position = project_points(points, self.motion, 0.0, 0.0, shift_px, self.settings)
        vertices = ProjectedVertices(position, self.mobile.line)
        factor = line_contrast(vertices, self.profiles, row_px, column_px, self.settings.pixel_size_nm)
        return self.resting.image(shift_px, row_px, column_px) * factor

    def lines_at(self, temperature_c: float) -> list[DislocationLine]:
        """All dislocations as they lie when this temperature is reached.

        Parameters
        ----------
        temperature_c
            Of the specimen.

        Returns
        -------
        list of DislocationLine
            In specimen axes, nm.
        """
        moved = {number: glide.displacement_nm(temperature_c) for number, glide in self.glides.items()}
        return [replace(line, points_nm=line.points_nm + moved.get(number, 0.0)) for number, line in enumerate(self.lines)]


def heated_foil(name: str, tilt_deg: float, motion: TiltMotion, largest_shift_px: float, settings: MicroscopeSettings) -> HeatedFoil:
    """Draw a foil, larger than what is seen by what glide and drift can bring in, and decide which lines jump when.

    Parameters
    ----------
    name
        Of the specimen; with the seed it decides every random number.
    tilt_deg
        Of the stage at rest.
    motion
        The same stage, as a motion.
    largest_shift_px
        How far frames will be displaced at most.
    settings
        Of the virtual microscope.
    """
    # The foil is drawn larger by as far as a line may go.
    margin_nm = FARTHEST_NM + largest_shift_px * settings.pixel_size_nm
    foil = foil_at(name, tilt_deg, settings, margin_nm)
    glides = _draw_glides(name, foil.lines, settings)
    gliding = np.isin(foil.drawn.line, list(glides))
    still = replace(foil, drawn=foil.drawn.chosen(~gliding), contrast=foil.contrast.of_vertices(~gliding))
    resting = FieldImage.of(still, motion, largest_shift_px, settings)
    profiles = foil.contrast.of_vertices(gliding).at(np.deg2rad(tilt_deg))
    return HeatedFoil(settings, motion, foil.lines, glides, resting, foil.drawn.chosen(gliding), profiles, foil.faults)


def _draw_glides(name: str, lines: list[DislocationLine], settings: MicroscopeSettings) -> dict[int, GlideHistory]:
    rng = random_stream(settings.seed, name, "glide")
    axes = specimen_axes(settings.foil_normal)
    glides = {}
    for number, line in enumerate(lines):
        mobile = rng.uniform() < MOBILE_SHARE
        start, step = _draw_jumps(rng)
        if mobile:
            glides[number] = GlideHistory(plane_trace(axes @ line.plane_normal), start, step)
    return glides


def _draw_jumps(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Temperatures and signed lengths of jumps; one that would lead too far away is turned round."""
    count = rng.poisson((ACTIVE_RANGE_C[1] - ACTIVE_RANGE_C[0]) / JUMP_EVERY_C)
    start = np.sort(rng.uniform(*ACTIVE_RANGE_C, count))
    step = rng.uniform(*JUMP_NM, count) * rng.choice((-1, 1))
    place = 0.0
    for number in range(count):
        if abs(place + step[number]) > FARTHEST_NM:
            step[number:] *= -1
        place += step[number]
    return start, step
