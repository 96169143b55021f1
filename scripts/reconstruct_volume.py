"""Reconstruct a binarised tilt series, all its slices or one block of them, from all its frames or every second tilt."""

from script_support import logged

from rapidstem.files import read_series, write_volume
from rapidstem.progress import Progress
from rapidstem.tomography import read_geometry
from rapidstem.tomography.reconstruction import ReconstructionSettings, half_frames, reconstruct, slice_range, write_block

with logged(snakemake):
    parameters = snakemake.params
    series, voxel_size_nm = read_series(snakemake.input.series)
    geometry = read_geometry(snakemake.input.angles)
    part = slice_range(parameters.block, parameters.blocks, series.shape[2])
    with Progress("reconstructing", part.stop - part.start, "slice") as progress:
        volume = reconstruct(
            series,
            geometry,
            ReconstructionSettings(parameters.thickness_nm, parameters.method, parameters.iterations, parameters.isolated),
            threads=snakemake.threads,
            memory_mb=snakemake.resources.mem_mb,
            device=parameters.device,
            frames=half_frames(parameters.half, geometry.angle_rad),
            slices=part,
            progress=progress.reach,
        )
    if parameters.blocks == 1:
        write_volume(snakemake.output.volume, volume, voxel_size_nm)
    else:
        write_block(snakemake.output.volume, volume, voxel_size_nm, part.start)
    print(f"{volume.shape[0]} x {volume.shape[1]} x {volume.shape[2]} voxels (z, y, x) of {voxel_size_nm:g} nm, slices from {part.start}")
