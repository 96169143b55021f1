"""Figures of lines."""

import numpy as np
import pandas as pd
import pytest

from rapidstem.dislocations.line_tables import line_density, line_points, line_summary
from rapidstem.dislocations.polylines import BORDER, INSIDE, LineNetwork, Polyline
from rapidstem.dislocations.slip_planes import SLIP_NORMALS, crystal_orientation
from rapidstem.figures.line_figures import line_lengths, line_projections, plane_densities
from rapidstem.figures.style import png_bytes
from tests.unit.line_phantoms import arc

ORIENTATION = crystal_orientation([1, 0, 0], [0, 1, 3])


@pytest.fixture
def network():
    lines = []
    for number, normal in enumerate(ORIENTATION.to_specimen(SLIP_NORMALS)):
        first = np.cross(normal, (0, 0, 1)) / np.linalg.norm(np.cross(normal, (0, 0, 1)))
        bow = arc(250.0, 1.2, (first, np.cross(normal, first)), centre_nm=(40.0 * number, 0, 0))
        lines.append(Polyline(bow[::10], number, number + 10, BORDER, INSIDE if number == 2 else BORDER))
    return LineNetwork(lines, np.array([[-400.0, -400, -150], [400, 400, 150]]))


def test_projections_show_every_line_in_the_colour_of_its_plane(network):
    drawing = line_projections(line_points(network, line_summary(network, ORIENTATION)))
    for panel in drawing.figure.axes:
        colours = [line.get_color() for line in panel.lines if len(line.get_xdata()) > 2]
        assert len(set(colours)) == 4
    assert "(1-11)" in drawing.description and png_bytes(drawing.figure)
    assert drawing.figure.axes[0].yaxis_inverted()


def test_lengths_count_every_line_once(network):
    data = line_lengths(line_summary(network, ORIENTATION)).data
    assert data["whole"].sum() == 3 and data["lost"].sum() == 1


def test_densities_are_those_of_the_table(network):
    density = line_density(network, line_summary(network, ORIENTATION), ORIENTATION)
    drawing = plane_densities(density)
    heights = [bar.get_height() for bar in drawing.figure.axes[0].patches]
    assert heights == pytest.approx((density["density_per_m2"].iloc[1:] / 1e12).tolist())


def test_without_an_orientation_no_figure_speaks_of_slip_planes(network):
    summary = line_summary(network, None)
    projections, densities = line_projections(line_points(network, summary)), plane_densities(line_density(network, summary, None))
    assert "slip plane" not in projections.description + densities.description and not projections.figure.legends
    assert [bar.get_height() for bar in densities.figure.axes[0].patches] == pytest.approx(densities.data["density_per_m2"] / 1e12)


def test_figures_of_no_lines():
    empty = LineNetwork([], np.array([[-1.0, -1, -1], [1, 1, 1]]))
    summary = line_summary(empty, None)
    density = line_density(empty, summary, None)
    for drawing in (line_projections(line_points(empty, summary)), line_lengths(summary), plane_densities(density)):
        assert isinstance(drawing.data, pd.DataFrame) and png_bytes(drawing.figure)
