from .series_alignment import AlignmentSettings as AlignmentSettings, align_series as align_series
