from .series_alignment import align_series as align_series
