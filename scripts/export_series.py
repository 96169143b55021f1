"""Write the denoised frames of a series as OME-Zarr, in several resolutions."""

from pathlib import Path

from script_support import logged

from rapidstem.files import open_frames, write_zarr_series

with logged(snakemake), open_frames(snakemake.input.images) as stack:
    write_zarr_series(Path(snakemake.output.store).parent, stack.frames, stack.pixel_size_nm)
    print(f"{stack.shape[0]} frames")
