"""Draw the angles and shifts of one aligned series, its frames beside the binarised ones, and the resolution of its tomogram."""

from pathlib import Path

from script_support import logged

from rapidstem.figures import draw_figures, shown_tilts
from rapidstem.files import read_series, read_table
from rapidstem.scores import SHELL_COLUMNS
from rapidstem.tomography import read_angles
from rapidstem.tomography.alignment import MOTION_COLUMNS

with logged(snakemake):
    angles = read_angles(snakemake.input.angles)
    tilt_deg = angles["angle_deg"].to_numpy(float)
    aligned, pixel_size_nm = read_series(snakemake.input.series)
    series = {"aligned": aligned, "binarised": read_series(snakemake.input.binary)[0]}
    data = {
        "angles": angles,
        "motion": read_table(snakemake.input.motion, MOTION_COLUMNS),
        "series": series,
        "tilt_deg": dict.fromkeys(series, tilt_deg),
        "shown_deg": shown_tilts(tilt_deg),
        "pixel_size_nm": pixel_size_nm,
        "shells": {snakemake.wildcards.variant: read_table(snakemake.input.resolution, SHELL_COLUMNS)},
    }
    draw_figures(snakemake.params.figures, data, Path(snakemake.output[0]).parent)
