"""Draw the drift of one test field, its images side by side, line profiles and power spectra."""

from pathlib import Path

import numpy as np
from reading_support import open_raw, read_raw
from script_support import logged

from rapidstem.denoising import read_intervals
from rapidstem.distortion import match_pixel_size, read_map, read_pair, to_slow_geometry
from rapidstem.figures import central_line, clearest_window, draw_figures
from rapidstem.files import read_images, read_table, write_images
from rapidstem.frames import read_drift
from rapidstem.scores import LINE_COLUMNS, FieldReferences

# Some twenty lines side by side.
MAGNIFIED_NM = 292.0

with logged(snakemake), open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
    files, parameters = snakemake.input, snakemake.params
    slow = read_raw(files.slow, parameters.reading)
    drift = read_drift(files.drift)
    first = drift.first_used(1)[0]
    dcfi, aligned, _ = read_pair(Path(files.field).parent)
    resampled = match_pixel_size(slow.frames[0], slow.pixel_size_nm / stack.pixel_size_nm)
    references = FieldReferences(dcfi, aligned, resampled, read_map(files.map))
    shift_px = references.corrected_shift(drift.shift_px[first])
    known = {name: reference.moved(shift_px) for name, reference in references.in_slow_geometry().items()}
    images = {"raw": to_slow_geometry(stack.frames[first], references.column_map)}
    images |= {name: read_images(path)[0][0] for name, path in zip(parameters.denoisers, files.denoised, strict=True)}
    stated = dict(zip(parameters.stating_intervals, map(read_intervals, files.intervals), strict=True))
    recorded = references.recorded()
    compared = {name: recorded[stated[name].reference].beside(images[name], shift_px) for name in stated}
    images |= {name: reference.image for name, reference in known.items()}
    images = {name: image[known["slow"].area] for name, image in images.items()}
    window = clearest_window(images["slow"], round(MAGNIFIED_NM / stack.pixel_size_nm))
    lines = read_table(files.lines, LINE_COLUMNS).query("reference == 'slow' and frame == 0")
    place_px, angle_deg = central_line(lines, known["slow"].area, window)
    data = {
        "shift_px": drift.shift_px,
        "residual_px": drift.residual_px,
        "used": drift.used,
        "velox_shift_px": stack.velox_shift_px,
        "images": images,
        "intervals": {name: (stated[name].reference, *pair, stated[name].half_width(pair[0])) for name, pair in compared.items()},
        "pixel_size_nm": stack.pixel_size_nm,
        "window": window,
        "place_px": place_px,
        "angle_deg": angle_deg,
        "shown": "slow",
    }
    draw_figures(parameters.figures, data, Path(snakemake.output.images).parent)
    write_images(snakemake.output.images, np.stack(list(images.values())).astype(np.float32), stack.pixel_size_nm, list(images))
