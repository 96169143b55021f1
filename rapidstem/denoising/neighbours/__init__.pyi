from .series_context import SeriesContext as SeriesContext, levelled_rows as levelled_rows
from .series_denoising import denoise_series as denoise_series, train_on_series as train_on_series
