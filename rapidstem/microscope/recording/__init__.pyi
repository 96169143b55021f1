from .acquisitions import simulate_acquisition as simulate_acquisition
from .field_resampling import FieldImage as FieldImage
from .goniometer import TiltMotion as TiltMotion
