"""Find the centres of the dislocations in the sections of a tomogram."""

from script_support import logged

from rapidstem.dislocations.centroids import locate_centroids
from rapidstem.files.mrc_volumes import read_volume
from rapidstem.files.tables import write_table

with logged(snakemake):
    volume, voxel_size_nm = read_volume(snakemake.input.volume)
    centroids = locate_centroids(volume, voxel_size_nm)
    write_table(snakemake.output.centroids, centroids)
    counts = centroids["plane"].value_counts()
    print(", ".join(f"{count} centres in {plane} sections" for plane, count in counts.items()))
