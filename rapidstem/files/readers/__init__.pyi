from .axis_roles import names_tilt as names_tilt
from .file_endings import RAW_ENDINGS as RAW_ENDINGS
from .file_order import in_natural_order as in_natural_order
from .recorded_files import read_recorded_series as read_recorded_series
from .recorded_series import (
    BRIGHT_FIELD as BRIGHT_FIELD,
    RecordedSeries as RecordedSeries,
    computable as computable,
    computable_type as computable_type,
)
from .signal_series import parts_beside as parts_beside
from .zarr_stores import STORE_ENDINGS as STORE_ENDINGS, is_zarr_store as is_zarr_store
