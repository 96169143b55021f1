from .field_choice import (
    CHOICE_COLUMNS as CHOICE_COLUMNS,
    HISTOGRAM_COLUMNS as HISTOGRAM_COLUMNS,
    FieldSample as FieldSample,
    choose_fields as choose_fields,
    field_sample as field_sample,
    histogram_distance as histogram_distance,
    histograms as histograms,
    series_sample as series_sample,
)
from .frame_choice import own_reference_field as own_reference_field, training_frames as training_frames
from .frame_shifts import (
    TAPS as TAPS,
    aligned_sum as aligned_sum,
    averaged as averaged,
    interpolation_taps as interpolation_taps,
    moved_back as moved_back,
)
from .intensity_scaling import (
    IntensityScaling as IntensityScaling,
    OwnScaling as OwnScaling,
    Scaling as Scaling,
    field_scales as field_scales,
    field_weights as field_weights,
    fitted_own_scaling as fitted_own_scaling,
    measure_scaling as measure_scaling,
    reference_line as reference_line,
    scaling_of as scaling_of,
)
from .simulated_fields import simulated_training_fields as simulated_training_fields
from .training_pairs import (
    TrainingField as TrainingField,
    in_one_array as in_one_array,
    read_training_field as read_training_field,
)
