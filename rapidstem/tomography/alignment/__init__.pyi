from .aligned_series import AlignedSeries as AlignedSeries
from .coarse_alignment import coarse_shifts as coarse_shifts
from .frame_motion import MOTION_COLUMNS as MOTION_COLUMNS
from .series_alignment import AlignmentSettings as AlignmentSettings, align_series as align_series
from .single_frames import SingleFrames as SingleFrames
