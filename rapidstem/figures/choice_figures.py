"""Pictures of the choice of training fields."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from rapidstem.figures.style import AQUA, BLACK, BLUE, VERMILION, Drawing, panels, styled

# For the page's width.
_TILTS_A_ROW = 3


@styled
def chosen_fields(choice: pd.DataFrame, histograms: pd.DataFrame) -> Drawing:
    """Histogram of every training field beside that of the tilt series at its tilt, and the distances with their limit.

    Parameters
    ----------
    choice : DataFrame
        As `rapidstem.denoising.fields.field_choice.choose_fields` gives it.
    histograms : DataFrame
        As `rapidstem.denoising.fields.field_choice.histograms` gives it, of the fields and of the series at each of their tilts.
    """
    tilts = sorted(choice["tilt_deg"].unique())
    rows = -(-(len(tilts) + 1) // _TILTS_A_ROW)
    figure, axes = panels(rows, _TILTS_A_ROW, 9.0, 2.6 * rows)
    flat = axes.ravel()
    for panel, tilt in zip(flat, tilts, strict=False):
        _tilt_panel(panel, tilt, choice[choice["tilt_deg"] == tilt], histograms)
    _distance_panel(flat[len(tilts)], choice)
    for panel in flat[len(tilts) + 1 :]:
        panel.set_axis_off()
    left_out = choice.loc[~choice["kept"], "acquisition"].to_list()
    words = f"{int(choice['kept'].sum())} of {len(choice)} training fields have intensities as the tilt series at their tilt"
    return Drawing(figure, histograms, words + (f"; left out: {', '.join(left_out)}." if left_out else "; none is left out."))


def _tilt_panel(panel: Axes, tilt: float, fields: pd.DataFrame, histograms: pd.DataFrame) -> None:
    tables = dict(iter(histograms.groupby("acquisition", sort=False)))
    series = tables[fields["series"].iloc[0]]
    nearest = series[np.isclose(series["tilt_deg"], fields["series_tilt_deg"].iloc[0])]
    panel.fill_between(nearest["intensity"], nearest["share"], color=AQUA, alpha=0.6, linewidth=0, label="tilt series")
    for kept, name in zip(fields["kept"], fields["acquisition"], strict=True):
        style = {"color": BLUE, "linewidth": 0.9} if kept else {"color": VERMILION, "linestyle": "--"}
        panel.plot(tables[name]["intensity"], tables[name]["share"], **style)
    panel.set(title=f"{tilt:g}°, {int(fields['kept'].sum())} of {len(fields)} fields kept", xlabel="intensity", ylabel="share of pixels")
    panel.set_ylim(bottom=0)


def _distance_panel(panel: Axes, choice: pd.DataFrame) -> None:
    for kept, marker, colour in ((True, "o", BLUE), (False, "X", VERMILION)):
        rows = choice[choice["kept"] == kept]
        panel.plot(rows["tilt_deg"], rows["distance"], marker, color=colour, markersize=5, label="kept" if kept else "left out")
    panel.axhline(choice["largest_distance"].iloc[0], color=BLACK, linestyle=":", label="limit")
    panel.set(title="distance of the histograms", xlabel="tilt / degrees", ylabel="standard deviations")
    panel.set_ylim(bottom=0)
    panel.legend()
