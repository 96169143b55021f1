"""Correlate the tomograms from the even and the odd frames of a tilt series shell by shell in Fourier space."""

from script_support import logged

from rapidstem.errors import InputError
from rapidstem.files import read_volume, write_table
from rapidstem.scores import GOLD_STANDARD, directional_correlations, resolution_nm, resolution_words

with logged(snakemake):
    (even, voxel_size_nm), (odd, odd_voxel_nm) = (read_volume(path) for path in (snakemake.input.even, snakemake.input.odd))
    if abs(voxel_size_nm - odd_voxel_nm) > 1e-3 * voxel_size_nm:
        raise InputError(
            f"the voxels of the two halves differ: {voxel_size_nm:g} and {odd_voxel_nm:g} nm; reconstruct both from one series"
        )
    shells = directional_correlations(even, odd, voxel_size_nm)
    write_table(snakemake.output.resolution, shells)
    for direction, table in shells.groupby("direction", sort=False):
        half_bit, gold = (resolution_words(resolution_nm(table, threshold), 1) for threshold in ("half_bit", GOLD_STANDARD))
        print(f"{direction}: {half_bit} (half bit), {gold} ({GOLD_STANDARD})")
