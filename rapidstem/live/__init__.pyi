from .denoised_frames import denoised_as_they_come as denoised_as_they_come
from .ended_series import (
    check_ended_series as check_ended_series,
    ended_geometry as ended_geometry,
    stated_times as stated_times,
)
from .filled_frames import FilledAsTheyCome as FilledAsTheyCome
from .growing_series import GrowingSeries as GrowingSeries, open_growing as open_growing, planned_tilts as planned_tilts
from .series_lines import (
    LineSettings as LineSettings,
    SeriesLines as SeriesLines,
    compile_ahead as compile_ahead,
    lines_of_series as lines_of_series,
)
from .stage_clock import StageClock as StageClock
from .waiting_frames import WaitingFrames as WaitingFrames
