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
from .tilted_view import TiltedView as TiltedView
