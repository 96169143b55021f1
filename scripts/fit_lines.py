"""Fit the dislocation lines to all frames; give their evidence, lengths, planes and density, and files for ParaView and ParaDiS."""

from line_files import write_fitted_lines
from script_support import logged

from rapidstem.dislocations import TRACED_COLUMNS, foil_box, polylines_of
from rapidstem.files import read_series, read_table
from rapidstem.lines import FittingSettings, fit_lines
from rapidstem.tomography import read_geometry

with logged(snakemake):
    parameters = snakemake.params
    series, pixel_size_nm = read_series(snakemake.input.series)
    geometry = read_geometry(snakemake.input.angles)
    traced = read_table(snakemake.input.traced, TRACED_COLUMNS)
    box_nm = foil_box(traced, series.shape[1:], pixel_size_nm, parameters.thickness_nm)
    depth_px = round((parameters.thickness_nm + parameters.margin_nm) / pixel_size_nm)
    settings = FittingSettings(line_width_nm=parameters.line_width_nm)
    found = fit_lines(series, geometry, polylines_of(traced), box_nm, depth_px, settings)
    write_fitted_lines(snakemake.output, found, parameters.crystal)
