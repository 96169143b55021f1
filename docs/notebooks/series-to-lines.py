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
# # From a denoised tilt series to dislocation lines
#
# The denoised frames of the small session, aligned, binarised, reconstructed and traced: what the rules
# `align_series` to `fit_lines` do.

# %%
# %matplotlib inline
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from rapidstem.dislocations import (
    DEFAULT_TRACING,
    crystal_orientation,
    foil_box,
    line_points,
    line_summary,
    polylines_of,
    trace_lines,
    traced_points,
)
from rapidstem.figures.line_figures import line_projections
from rapidstem.files import read_header, read_images
from rapidstem.lines import FittingSettings, fit_lines
from rapidstem.tomography import (
    binarise,
    middle_angles_deg,
    recorded_geometry,
)
from rapidstem.tomography.alignment import (
    AlignmentSettings,
    align_series,
)
from rapidstem.tomography.reconstruction import (
    ReconstructionSettings,
    reconstruct,
)

THICKNESS_NM, MARGIN_NM, LINE_WIDTH_NM = 300, 100, 13.7
session = Path(os.environ.get("RAPIDSTEM_RESULTS", "results")) / "tiny"
frames, pixel_size_nm = read_images(
    session / "denoised/dlf-slow/series.ome.tif"
)
record = read_header(session / "raw/series.rapid.emd")
print(
    f"{len(frames)} frames from {record.tilt_deg[0]:.1f}° to {record.tilt_deg[-1]:.1f}°,",
    f"{pixel_size_nm:.3g} nm a pixel",
)

# %% [markdown]
# ## Angles, shifts and axis from the lines themselves
#
# The stage turns while a frame is scanned, so **every row has a tilt of its own**: the geometry takes the start of every frame and the
# time of a row from the file. The angles that the goniometer reports are where the alignment starts from.

# %%
reported_deg = middle_angles_deg(
    record.tilt_deg, record.time_s, record.line_time_s, frames.shape[1]
)
recorded = recorded_geometry(
    reported_deg,
    frames.shape,
    pixel_size_nm,
    record.time_s,
    record.line_time_s,
)
aligned = align_series(
    frames, recorded, AlignmentSettings(THICKNESS_NM), threads=1
)
for warning in aligned.warnings:
    print("warning:", warning)
aligned.summary().T

# %%
figure, axes = plt.subplots(figsize=(6.4, 3), layout="constrained")
change_deg = np.degrees(aligned.geometry.angle_rad) - reported_deg
axes.errorbar(reported_deg, change_deg, aligned.sigma_deg, fmt=".")
axes.set(xlabel="reported tilt / °", ylabel="refined − reported / °")
plt.show()

# %% [markdown]
# ## Lines of the frames, then a volume
#
# The contrast of a bright-field image changes with tilt, so the series is no projection of anything. What is reconstructed is the
# probability that a pixel lies on a line.

# %%
series = aligned.applied_to(frames)
probability = binarise(
    series, "soft", LINE_WIDTH_NM / (2 * pixel_size_nm)
)
volume = reconstruct(
    probability,
    aligned.geometry,
    ReconstructionSettings(THICKNESS_NM + MARGIN_NM, "sirt", 20),
    threads=1,
)
middle = len(series) // 2
figure, axes = plt.subplots(
    1, 3, figsize=(9.6, 3.5), layout="constrained"
)
for panel, image, title in zip(
    axes,
    (series[middle], probability[middle], volume.max(axis=0)),
    ("aligned frame", "line probability", "volume, seen along z"),
    strict=True,
):
    panel.imshow(image, cmap="gray")
    panel.set(title=title, xticks=[], yticks=[])
plt.show()

# %% [markdown]
# ## Lines
#
# Lines traced in the volume are where the fit to **all frames at once** starts from; it gives each of their points a standard deviation and
# each line the probability that it is real.

# %%
traced = traced_points(
    trace_lines(
        volume,
        pixel_size_nm,
        THICKNESS_NM,
        DEFAULT_TRACING.for_width(LINE_WIDTH_NM),
    )
)
box_nm = foil_box(traced, series.shape[1:], pixel_size_nm, THICKNESS_NM)
depth_px = round((THICKNESS_NM + MARGIN_NM) / pixel_size_nm)
found = fit_lines(
    series,
    aligned.geometry,
    polylines_of(traced),
    box_nm,
    depth_px,
    FittingSettings(line_width_nm=LINE_WIDTH_NM),
)
crystal = crystal_orientation(x=[2, 0, 0], z=[0, 1, 3])
summary = line_summary(found.network, crystal).assign(
    probability=found.probability
)
summary[["line", "length_nm", "slip_plane", "probability"]].round(2)

# %%
line_projections(line_points(found.network, summary)).figure

# %% [markdown]
# Eight frames a field and 60 steps of training teach a network little, and these lines are accordingly uncertain. What a whole session
# reaches stands in [Accuracy](../../accuracy/).
#
# Next: [comparing two sessions](../two-sessions/).
