from .hidden_rows import HiddenRowSampler as HiddenRowSampler
from .series_context import SeriesContext as SeriesContext, levelled_rows as levelled_rows
from .series_prediction import denoise_series as denoise_series
