"""Find the centres of the dislocations in the sections of a tomogram, and their uncertainty from its two halves."""

import pandas as pd
from script_support import logged

from rapidstem.dislocations import SIGMA_COLUMNS, locate_centroids, position_uncertainty
from rapidstem.files import read_volume, write_table

with logged(snakemake):
    files, line_width_nm = snakemake.input, snakemake.params.line_width_nm
    volumes = (read_volume(path) for path in (files.volume, files.even, files.odd))
    full, even, odd = (locate_centroids(*volume, line_width_nm=line_width_nm) for volume in volumes)
    sigma = position_uncertainty(full, even, odd, line_width_nm)
    write_table(snakemake.output.centroids, pd.concat([full, sigma], axis=1))
    counts = full["plane"].value_counts()
    print(", ".join(f"{count} centres in {plane} sections" for plane, count in counts.items()))
    print(", ".join(f"{name} {sigma[name].median():.2f}" for name in SIGMA_COLUMNS) + " (medians)")
