from .centre_uncertainty import SIGMA_COLUMNS as SIGMA_COLUMNS, position_uncertainty as position_uncertainty
from .centroids import CENTROID_COLUMNS as CENTROID_COLUMNS, locate_centroids as locate_centroids
from .foil_clipping import (
    LEAST_EMPTY_NM as LEAST_EMPTY_NM,
    all_clipped as all_clipped,
    clipped as clipped,
    distance_to_face as distance_to_face,
    with_ends as with_ends,
)
from .line_centring import centred_path as centred_path
from .line_crossings import lead_through as lead_through
from .line_pruning import split_corners as split_corners
from .line_tables import (
    DENSITY_COLUMNS as DENSITY_COLUMNS,
    FOIL_COLUMNS as FOIL_COLUMNS,
    POINT_COLUMNS as POINT_COLUMNS,
    SUMMARY_COLUMNS as SUMMARY_COLUMNS,
    TRACED_COLUMNS as TRACED_COLUMNS,
    foil_box as foil_box,
    line_density as line_density,
    line_points as line_points,
    line_summary as line_summary,
    polylines_of as polylines_of,
    traced_points as traced_points,
)
from .line_tracing import DEFAULT_TRACING as DEFAULT_TRACING, trace_lines as trace_lines
from .pairing import (
    MOTION_COLUMNS as MOTION_COLUMNS,
    NO_MOTION as NO_MOTION,
    RigidMotion as RigidMotion,
    moved_to_sections as moved_to_sections,
    pair_centroids as pair_centroids,
    rigid_motion as rigid_motion,
)
from .path_graph import contract as contract, line_graph as line_graph
from .polylines import (
    INSIDE as INSIDE,
    JUNCTION as JUNCTION,
    LOOP as LOOP,
    SURFACE as SURFACE,
    LineNetwork as LineNetwork,
    Polyline as Polyline,
    end_direction as end_direction,
    longest_first as longest_first,
    loop_from as loop_from,
    resampled as resampled,
    steps_along as steps_along,
)
from .section_links import COORDINATES as COORDINATES, SECTION_NORMAL as SECTION_NORMAL, chain_labels as chain_labels
from .slip_planes import (
    SLIP_NAMES as SLIP_NAMES,
    SLIP_NORMALS as SLIP_NORMALS,
    crystal_orientation as crystal_orientation,
    slip_normals as slip_normals,
)
