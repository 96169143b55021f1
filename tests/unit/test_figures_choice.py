"""The picture of the choice of training fields."""

import numpy as np
import pytest

from rapidstem.denoising.fields.field_choice import choose_fields, field_sample, histograms
from rapidstem.figures.choice_figures import chosen_fields


def test_left_out_fields_are_named_and_lie_above_the_limit():
    rng = np.random.default_rng(0)
    series = {tilt: field_sample("series", tilt, rng.normal(1000, 50, (3, 32, 32))) for tilt in (0.0, 60.0)}
    fields = [
        field_sample(name, tilt, rng.normal(mean, 50, (3, 32, 32)))
        for name, tilt, mean in (("a", 0.0, 1005), ("thick", 0.0, 900), ("b", 60.0, 990))
    ]
    choice = choose_fields(fields, {field.name: series[field.tilt_deg] for field in fields}, 0.75)
    drawing = chosen_fields(choice, histograms([*fields, *series.values()], [*choice["kept"], True, True]))
    assert "2 of 3 training fields" in drawing.description and "left out: thick" in drawing.description
    flat, steep, distances, *_ = drawing.figure.axes
    assert "1 of 2 fields kept" in flat.get_title() and "60°" in steep.get_title()
    left_out = next(line for line in distances.lines if line.get_label() == "left out")
    assert left_out.get_ydata()[0] == pytest.approx(2.0, abs=0.15)
