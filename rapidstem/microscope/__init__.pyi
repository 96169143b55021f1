from .random_conditions import (
    GRATING_SHARE as GRATING_SHARE,
    dark_field as dark_field,
    grating_pixel_nm as grating_pixel_nm,
    random_settings as random_settings,
    random_tilt_deg as random_tilt_deg,
)
from .random_streams import random_stream as random_stream
from .settings import LARGEST_TILT_DEG as LARGEST_TILT_DEG, MicroscopeSettings as MicroscopeSettings, settings_from as settings_from
from .truth import AcquisitionTruth as AcquisitionTruth, StackTruth as StackTruth, read_truth as read_truth, write_truth as write_truth
