"""Pictures of drift-corrected frame integration."""

import numpy as np
import pandas as pd

from rapidstem.figures.style import BLACK, BLUE, ORANGE, VERMILION, Drawing, panels, styled


@styled
def drift_trace(shift_px: np.ndarray, residual_px: np.ndarray, used: np.ndarray, velox_shift_px: np.ndarray | None = None) -> Drawing:
    """Drift of the specimen frame by frame, the residual of each frame, and the frames that were rejected.

    Parameters
    ----------
    shift_px : ndarray (frame, 2)
        (dy, dx), where the specimen has moved to.
    residual_px : ndarray (frame,)
        Disagreement of each frame's registration.
    used : ndarray (frame,) of bool
        False for rejected frames.
    velox_shift_px : ndarray (frame, 2), optional
        The instrument's own shifts, drawn beside; their mean over the used frames is set to zero as ours is.
    """
    used = np.asarray(used, bool)
    data = pd.DataFrame({"frame": np.arange(len(used)), "dy_px": shift_px[:, 0], "dx_px": shift_px[:, 1]})
    data["residual_px"], data["used"] = residual_px, used
    figure, axes = panels(2, 1, 6.4, 4.6, sharex=True)
    trace, residual = axes[:, 0]
    for column, (name, colour) in enumerate({"dy": BLUE, "dx": ORANGE}.items()):
        trace.plot(data["frame"], shift_px[:, column], color=colour, label=f"{name}, measured")
        if velox_shift_px is not None:
            theirs = velox_shift_px[:, column] - velox_shift_px[used, column].mean()
            data[f"velox_{name}_px"] = theirs
            trace.plot(data["frame"], theirs, color=colour, linestyle=":", label=f"{name}, Velox")
    residual.plot(data["frame"][used], np.asarray(residual_px)[used], color=BLACK, marker=".", linestyle="none", label="used")
    for panel, values in ((trace, shift_px[:, 0]), (trace, shift_px[:, 1]), (residual, residual_px)):
        panel.plot(data["frame"][~used], np.asarray(values)[~used], "x", color=VERMILION, markersize=7)
    residual.plot([], [], "x", color=VERMILION, markersize=7, label="rejected")
    trace.set(ylabel="shift / px")
    residual.set(ylabel="residual / px", xlabel="frame")
    residual.set_ylim(bottom=0.0)
    trace.legend(ncols=2)
    residual.legend(ncols=2)
    rejected = int((~used).sum())
    trace.set_title(f"{rejected} of {len(used)} frames rejected")
    span = np.ptp(shift_px[used], axis=0) if used.any() else np.zeros(2)
    words = f"Drift of {len(used)} frames: {span[0]:.1f} px in y and {span[1]:.1f} px in x in all; {rejected} frames rejected."
    return Drawing(figure, data, words)
