"""Endings of raw files: what a name tells of its format."""

from rapidstem.files.readers.zarr_stores import STORE_ENDINGS

MRC_ENDINGS = (".mrc", ".mrcs", ".st", ".rec", ".ali", ".preali")
# Of MRC files, and of others that have nothing to do with them.
SHARED_MRC_ENDINGS = (".map", ".ccp4", ".join", ".raw")
TIFF_ENDINGS = (".tif", ".tiff", ".btf", ".tf8")
HDF5_ENDINGS = (".hspy", ".hdf5", ".h5", ".emd", ".nxs")
RAW_ENDINGS = (*HDF5_ENDINGS, *MRC_ENDINGS, *TIFF_ENDINGS, ".dm3", ".dm4", ".emi", ".ser", *STORE_ENDINGS)
