from .block_matching import denoise_with_bm3d as denoise_with_bm3d, read_filter as read_filter, tune as tune, write_filter as write_filter
