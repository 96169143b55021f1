# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From raw frames to a DCFI image and a distortion map
#
# What the rules `integrate_frames` and `measure_distortion` do, step by step with the functions of the package. The calibration field
# belongs to a session of the virtual microscope that is small enough to be made while this page is built (128 px, eight frames a field);
# name your own files in its place.

# %%
# %matplotlib inline
import os
from pathlib import Path

import matplotlib.pyplot as plt

from rapidstem.distortion import measure_map, to_slow_geometry
from rapidstem.figures.distortion_figures import map_deviation
from rapidstem.figures.drift_figures import drift_trace
from rapidstem.files import read_stack
from rapidstem.frames import integrate_frames, register_frames
from rapidstem.scores import without_gaps

session = Path(os.environ.get("RAPIDSTEM_RESULTS", "results")) / "tiny"
rapid = read_stack(session / "raw/calibration.rapid.emd")
slow = read_stack(session / "raw/calibration.slow.emd")
print(
    f"{rapid.detector}: {len(rapid.frames)} frames of {rapid.shape[1]} x {rapid.shape[2]} px,",
    f"{rapid.pixel_size_nm:.3g} nm a pixel",
)
print(
    f"dwell time {1e9 * rapid.dwell_time_s:.0f} ns rapid, {1e6 * slow.dwell_time_s:.1f} µs slow"
)

# %% [markdown]
# A header says what the file says, and `None` where it says nothing; `read_header` gives the same without the pixels.
#
# ## Register and average
#
# `register_frames` finds where the specimen has moved to, frame by frame: what lies at `(y, x)` in the reference appears in the frame at
# `(y + dy, x + dx)`. Frames that show something else are not used.

# %%
drift = register_frames(rapid.frames)
print(
    f"{drift.used.sum()} of {len(drift.used)} frames used,",
    f"residual {drift.residual_px[drift.used].mean():.2f} px in the mean",
)
drift_trace(
    drift.shift_px, drift.residual_px, drift.used, rapid.velox_shift_px
).figure

# %%
dcfi = integrate_frames(rapid.frames, drift)


def beside(**images):
    """Images side by side, each in its own grey values."""
    _, axes = plt.subplots(
        1,
        len(images),
        figsize=(3.2 * len(images), 3.5),
        layout="constrained",
    )
    for panel, (title, image) in zip(axes, images.items(), strict=True):
        panel.imshow(image, cmap="gray")
        panel.set_title(title.replace("_", " "))
        panel.set_axis_off()
    plt.show()


beside(one_frame=rapid.frames[0], DCFI=dcfi, slow=slow.frames[0])

# %% [markdown]
# Pixels that no frame sees are NaN at the border of the average: they are unknown, not dark.
#
# ## The distortion of the rapid scan
#
# The scan coils lag behind at the start of every row, so the rapid image shows more of the specimen, squeezed along x. `measure_map` fits
# one smooth, strictly increasing curve from columns of the rapid image to columns of the slow image, through all rows of all calibration
# fields at once. One field of 128 px is little; a session should have three.

# %%
measured = measure_map(
    [dcfi], [slow.frames[0]], slow.pixel_size_nm / rapid.pixel_size_nm
)
curve = measured.column_map
print(
    f"map by {measured.method}, expected error {measured.residual_px:.2f} px rms over the whole width"
)
map_deviation(
    curve.rapid_px,
    curve.slow_px,
    rapid.pixel_size_nm,
    measured.residual_px,
    measured.strips,
).figure

# %% [markdown]
# The map is applied to images without noise only: interpolation would smooth the noise of a raw frame and so hide it from a network.

# %%
beside(
    DCFI=dcfi,
    corrected=to_slow_geometry(without_gaps(dcfi), curve),
    slow=slow.frames[0],
)

# %% [markdown]
# Next: [a denoised series to lines](../series-to-lines/).
