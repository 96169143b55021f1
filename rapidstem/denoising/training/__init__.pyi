from .denoiser_training import train_denoiser as train_denoiser
