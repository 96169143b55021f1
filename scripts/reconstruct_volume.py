"""Reconstruct a binarised tilt series, all its slices or one block of them, from all its frames or every second one."""

from script_support import logged, read_raw_header

from rapidstem.files import read_series, write_volume
from rapidstem.progress import Progress
from rapidstem.tomography import geometry_from_table, read_angles
from rapidstem.tomography.reconstruction import half_frames, reconstruct, slice_range, write_block

with logged(snakemake):
    parameters = snakemake.params
    series, pixel_size_nm = read_series(snakemake.input.series)
    record = read_raw_header(snakemake.input.record, parameters.reading)
    angles = read_angles(snakemake.input.angles)
    turning = snakemake.wildcards.variant != "slow" and parameters.geometry == "per-row"
    times = (record.time_s, record.line_time_s) if turning else (None, None)
    slow_scan = "columns" if parameters.tilt_axis == "y" else "rows"
    geometry = geometry_from_table(angles, pixel_size_nm, series.shape[1], *times, slow_scan=slow_scan, columns=series.shape[2])
    frames = angles["used"].to_numpy(bool)
    half = half_frames(parameters.half, len(series))
    part = slice_range(parameters.block, parameters.blocks, series.shape[2])
    with Progress("reconstructing", part.stop - part.start, "slice") as progress:
        volume = reconstruct(
            series,
            geometry,
            parameters.thickness_nm,
            method=parameters.method,
            iterations=parameters.iterations,
            threads=snakemake.threads,
            memory_mb=snakemake.resources.mem_mb,
            device=parameters.device,
            frames=frames if half is None else frames & half,
            slices=part,
            isolated=parameters.isolated,
            progress=progress.reach,
        )
    if parameters.blocks == 1:
        write_volume(snakemake.output.volume, volume, pixel_size_nm)
    else:
        write_block(snakemake.output.volume, volume, pixel_size_nm, part.start)
    print(f"{volume.shape[0]} x {volume.shape[1]} x {volume.shape[2]} voxels (z, y, x) of {pixel_size_nm:g} nm, slices from {part.start}")
