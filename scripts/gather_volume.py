"""Put a volume together from its blocks of slices."""

from script_support import logged

from rapidstem.tomography.reconstruction import gather_blocks

with logged(snakemake):
    shape = gather_blocks(snakemake.input.blocks, snakemake.output.volume)
    print(f"{len(snakemake.input.blocks)} blocks: {shape[0]} x {shape[1]} x {shape[2]} voxels (z, y, x)")
