"""Write a volume as OME-Zarr, in several resolutions."""

from pathlib import Path

from script_support import logged

from rapidstem.files import open_frames, write_zarr_volume

with logged(snakemake), open_frames(snakemake.input.volume) as volume:
    write_zarr_volume(Path(snakemake.output.store).parent, volume.frames, volume.pixel_size_nm)
    print(f"{' x '.join(map(str, volume.shape))} voxels (z, y, x)")
