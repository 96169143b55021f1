from .aligned_images import apply_alignment as apply_alignment, with_axis_along_x as with_axis_along_x
from .binarisation import binarise as binarise
from .frame_ridges import RidgePoints as RidgePoints, ridge_points as ridge_points, subtract_background as subtract_background
from .moved_volumes import moved_volume as moved_volume
from .reported_angles import middle_angles_deg as middle_angles_deg
from .tilt_geometry import (
    TiltGeometry as TiltGeometry,
    aligned_row_angles_rad as aligned_row_angles_rad,
    geometry_from_table as geometry_from_table,
    read_angles as read_angles,
    turned as turned,
    write_angles as write_angles,
)
