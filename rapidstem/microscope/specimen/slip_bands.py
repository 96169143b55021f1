"""Slip bands: slabs of closely spaced glide planes, so full of lines that their images overlap."""

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.crystal import SlipSystem, g_dot_b, slip_systems, specimen_axes
from rapidstem.microscope.specimen.line_networks import FEWEST_POINTS, DislocationLine, grow_line

# Random points that a slab's volume is measured with, to a per cent.
SAMPLES = 20_000


def band_lines(settings: MicroscopeSettings, half_box_nm: np.ndarray, rng: np.random.Generator) -> list[DislocationLine]:
    """Fill slabs along {111} planes with lines of one visible slip system each, up to the density of the settings.

    The slabs go through the middle third of the field, each on another plane than the one before it where there are so few.

    Parameters
    ----------
    settings
        Of the virtual microscope.
    half_box_nm : (3,)
        Half widths of the box in x, y and z that the lines fill.
    rng
        Source of the random numbers.

    Returns
    -------
    list of DislocationLine
        In specimen axes, nm.
    """
    axes = specimen_axes(settings.foil_normal)
    visible = [each for each in slip_systems() if abs(g_dot_b(each.burgers)) > 0.5]
    planes = sorted({tuple(each.plane_normal) for each in visible})
    order = rng.permutation(len(planes))
    lines: list[DislocationLine] = []
    for number in range(settings.slip_bands):
        plane = planes[order[number % len(planes)]]
        systems = [each for each in visible if tuple(each.plane_normal) == plane]
        system = systems[rng.integers(len(systems))]
        normal = axes @ system.plane_normal
        middle = np.append(rng.uniform(-1 / 6, 1 / 6, 2) * settings.field_nm, 0.0)
        lines += _filled_slab(system, normal, middle, settings, half_box_nm, rng)
    return lines


def _filled_slab(
    system: SlipSystem,
    normal: np.ndarray,
    middle_nm: np.ndarray,
    settings: MicroscopeSettings,
    half_box_nm: np.ndarray,
    rng: np.random.Generator,
) -> list[DislocationLine]:
    """Draw lines that start at random points of a slab, until they are as dense there as they should be."""
    points = rng.uniform(-half_box_nm, half_box_nm, (SAMPLES, 3))
    within = np.abs((points - middle_nm) @ normal) < settings.slip_band_width_nm / 2
    starts = points[within]
    wanted = settings.slip_band_density_per_m2 * 1e-18 * np.prod(2 * half_box_nm) * within.mean()
    lines: list[DislocationLine] = []
    length = 0.0
    while length < wanted and len(starts):
        grown = grow_line(system, specimen_axes(settings.foil_normal), settings, half_box_nm, starts[rng.integers(len(starts))], rng)
        if len(grown) >= FEWEST_POINTS:
            lines.append(DislocationLine(grown, system.burgers, system.plane_normal))
            length += lines[-1].length_nm
    return lines
