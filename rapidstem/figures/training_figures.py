"""Pictures of the training of networks."""

from collections.abc import Mapping

import pandas as pd

from rapidstem.figures.style import Drawing, panels, series_style, styled


@styled
def loss_curves(losses: Mapping[str, pd.DataFrame]) -> Drawing:
    """Training (thin) and validation loss (thick, marked) of each network against the step.

    Parameters
    ----------
    losses : mapping of a denoiser's name to its table
        Columns `step`, `training_loss`, `validation_loss` (NaN where it was not measured).
    """
    figure, axes = panels(1, 1, 6.4, 3.4)
    panel = axes[0, 0]
    for number, (name, table) in enumerate(losses.items()):
        style = series_style(number)
        panel.plot(table["step"], table["training_loss"], color=style["color"], linewidth=0.8, label=f"{name}, training")
        measured = table[table["validation_loss"].notna()]
        spacing = max(len(measured) // 12, 1)
        panel.plot(
            measured["step"],
            measured["validation_loss"],
            **style,
            markevery=spacing,
            linewidth=2.0,
            markersize=4,
            label=f"{name}, validation",
        )
    panel.set(yscale="log", xlabel="step", ylabel="mean squared error (scaled intensities)")
    panel.legend()
    data = pd.concat([table.assign(denoiser=name) for name, table in losses.items()], ignore_index=True)
    ends = [f"{name} {_last_words(table)}" for name, table in losses.items()]
    return Drawing(figure, data, "Losses against the step; last validation loss: " + ", ".join(ends) + ".")


def _last_words(table: pd.DataFrame) -> str:
    measured = table["validation_loss"].dropna()
    return f"{measured.iloc[-1]:.4g}" if len(measured) else "not validated"
