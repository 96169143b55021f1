from .compared_fields import (
    RecordedReference as RecordedReference,
    compared_field as compared_field,
    frames_to_compare as frames_to_compare,
)
from .field_prediction import denoise_field as denoise_field
from .model_files import (
    TrainedModel as TrainedModel,
    check_fit as check_fit,
    load_model as load_model,
    load_start as load_start,
    save_model as save_model,
    save_weights as save_weights,
)
from .model_paths import (
    CARD as CARD,
    GENERAL as GENERAL,
    LAST_WEIGHTS as LAST_WEIGHTS,
    LOSSES as LOSSES,
    WEIGHTS as WEIGHTS,
    model_folder as model_folder,
    model_format as model_format,
    read_card as read_card,
)
from .prediction import denoise_blocks as denoise_blocks, denoise_stack as denoise_stack
from .prediction_intervals import (
    INTERVALS as INTERVALS,
    ComparedField as ComparedField,
    PredictionIntervals as PredictionIntervals,
    calibrated_intervals as calibrated_intervals,
    read_intervals as read_intervals,
    write_intervals as write_intervals,
)
from .presets import denoiser_settings as denoiser_settings
from .settings import (
    NEIGHBOURS as NEIGHBOURS,
    NOISE_FREE as NOISE_FREE,
    BlockMatchingSettings as BlockMatchingSettings,
    DenoiserSettings as DenoiserSettings,
    NetworkSettings as NetworkSettings,
)
