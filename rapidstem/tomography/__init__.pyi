from .aligned_images import (
    apply_alignment as apply_alignment,
    scanned_pixels as scanned_pixels,
    slow_scan_along as slow_scan_along,
    with_axis_along_x as with_axis_along_x,
)
from .binarisation import (
    binarise as binarise,
    check_intensities as check_intensities,
    faint_line_image as faint_line_image,
    line_image as line_image,
)
from .foil_extent import foil_of_points as foil_of_points, foil_surfaces as foil_surfaces
from .frame_ridges import (
    NO_RIDGES as NO_RIDGES,
    RidgePoints as RidgePoints,
    line_curvature as line_curvature,
    ridges_of as ridges_of,
    subtract_background as subtract_background,
)
from .geometry_files import read_angles as read_angles, read_geometry as read_geometry, write_geometry as write_geometry
from .moved_volumes import moved_volume as moved_volume
from .reported_angles import middle_angles_deg as middle_angles_deg, recorded_geometry as recorded_geometry
from .tilt_geometry import (
    TiltGeometry as TiltGeometry,
    aligned_row_angles_rad as aligned_row_angles_rad,
    turned as turned,
)
from .vacuum import (
    FOIL as FOIL,
    RIM as RIM,
    VACUUM as VACUUM,
    FrameLevels as FrameLevels,
    frame_levels as frame_levels,
    vacuum_places as vacuum_places,
)
