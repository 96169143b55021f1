from .denoiser_training import train_denoiser as train_denoiser
from .series_training import train_on_series as train_on_series
