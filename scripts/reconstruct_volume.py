"""Reconstruct a binarised tilt series by SIRT."""

from script_support import logged, read_raw_header

from rapidstem.files.mrc_volumes import read_series, write_volume
from rapidstem.tomography.sirt import reconstruct
from rapidstem.tomography.tilt_geometry import geometry_from_table, read_angles

with logged(snakemake):
    parameters = snakemake.params
    series, pixel_size_nm = read_series(snakemake.input.series)
    record = read_raw_header(snakemake.input.record, parameters.reading)
    turning = snakemake.wildcards.variant != "slow" and parameters.geometry == "per-row"
    times = (record.time_s, record.line_time_s) if turning else (None, None)
    geometry = geometry_from_table(read_angles(snakemake.input.angles), pixel_size_nm, series.shape[1], *times)
    volume = reconstruct(series, geometry, parameters.thickness_nm, parameters.iterations, snakemake.threads)
    write_volume(snakemake.output.volume, volume, pixel_size_nm)
    print(f"{volume.shape[0]} x {volume.shape[1]} x {volume.shape[2]} voxels (z, y, x) of {pixel_size_nm:g} nm")
