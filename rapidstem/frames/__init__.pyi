from .drift_tables import drift_table as drift_table, read_drift as read_drift, write_drift as write_drift
from .evolving_series import filled_shifts as filled_shifts, register_series as register_series
from .first_look import (
    FirstLook as FirstLook,
    look_at_frames as look_at_frames,
)
from .frame_checks import check_numbers as check_numbers, checked_blocks as checked_blocks, count_faults as count_faults
from .frame_noise import FrameNoise as FrameNoise, noise_of_frames as noise_of_frames, row_power_ratio as row_power_ratio
from .frame_spectra import frame_blocks as frame_blocks
from .instrument_comparison import (
    COMPARISON_COLUMNS as COMPARISON_COLUMNS,
    compare_drift as compare_drift,
    compare_images as compare_images,
    compare_with_instrument as compare_with_instrument,
)
from .integration import integrate_frames as integrate_frames, valid_area as valid_area
from .raw_frames import open_raw_frames as open_raw_frames, read_raw_frames as read_raw_frames
from .registration import (
    Drift as Drift,
    drift_of_single_frame as drift_of_single_frame,
    register_frames as register_frames,
)
from .repeated_frames import repeated_images as repeated_images, torn_images as torn_images
from .spoilt_pixels import (
    FilledFrames as FilledFrames,
    always_hot as always_hot,
    filled_frames as filled_frames,
    unmeasured_pixels as unmeasured_pixels,
)
