from .aligned_series import AlignedSeries as AlignedSeries
from .frame_motion import MOTION_COLUMNS as MOTION_COLUMNS
from .series_alignment import AlignmentSettings as AlignmentSettings, align_series as align_series
