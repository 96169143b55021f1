from .column_map import ColumnMap as ColumnMap, read_map as read_map, read_map_format as read_map_format, write_map as write_map
from .drift_correction import corrected_shift as corrected_shift, in_common_geometry as in_common_geometry
from .image_warping import (
    at_reference_pixels as at_reference_pixels,
    inside_view as inside_view,
    match_pixel_size as match_pixel_size,
    resample_grid as resample_grid,
    resample_view as resample_view,
    to_slow_geometry as to_slow_geometry,
)
from .map_measurement import measure_map as measure_map
from .reference_alignment import AlignedReference as AlignedReference, align_reference as align_reference
from .reference_pairs import read_pair as read_pair, write_pair as write_pair
from .residual_strips import strip_residuals as strip_residuals
from .slow_images import resampling_note as resampling_note
