from .glide_planes import FoilFaces as FoilFaces, line_planes as line_planes
from .motion_flags import FLAG_COLUMNS as FLAG_COLUMNS
from .motion_tables import (
    FOLLOWED_COLUMNS as FOLLOWED_COLUMNS,
    MATCH_COLUMNS as MATCH_COLUMNS,
    POSITION_COLUMNS as POSITION_COLUMNS,
    match_table as match_table,
    moments as moments,
    snapshots as snapshots,
    view_of as view_of,
)
from .series_motion import (
    InSituFrames as InSituFrames,
    SeriesMotion as SeriesMotion,
    TomogramLines as TomogramLines,
    follow_series as follow_series,
)
from .sweep_following import (
    SweepMotion as SweepMotion,
    follow_sweep as follow_sweep,
    shown_by_all as shown_by_all,
    sweep_views as sweep_views,
)
from .sweep_matching import (
    SWEEP_COLUMNS as SWEEP_COLUMNS,
    check_same_field as check_same_field,
    interval_between as interval_between,
    matched_sweeps as matched_sweeps,
    sweep_words as sweep_words,
)
from .tilted_view import TiltedView as TiltedView
