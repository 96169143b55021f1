from .acquisitions import simulate_acquisition as simulate_acquisition
from .field_resampling import FieldImage as FieldImage
from .goniometer import TiltMotion as TiltMotion
from .random_fields import RandomField as RandomField, random_field as random_field, simulate_fields as simulate_fields
