from .random_streams import random_stream as random_stream
from .settings import LARGEST_TILT_DEG as LARGEST_TILT_DEG, MicroscopeSettings as MicroscopeSettings, settings_from as settings_from
from .truth import AcquisitionTruth as AcquisitionTruth, StackTruth as StackTruth, read_truth as read_truth, write_truth as write_truth
