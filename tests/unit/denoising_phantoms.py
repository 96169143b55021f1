"""Small fields of view with known drift, lag and noise."""

import numpy as np
from scipy import ndimage

from rapidstem.denoising.fields.training_pairs import TrainingField

MARGIN_PX = 8


def scene(seed: int, size: int, brightness: float = 1.0) -> np.ndarray:
    """Smooth, irregular structure between about 0.5 and 1.5 times the brightness."""
    texture = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(size, size)), 3)
    return brightness * (1 + 0.25 * texture / texture.std())


def field(seed: int, brightness: float = 1.0, frames: int = 6, size: int = 80, electrons: float = 30.0, name: str = "") -> TrainingField:
    """A field whose frames are drifting, Poisson-noisy views of a scene, its reference the scene on another intensity scale."""
    random = np.random.default_rng((seed, 1))
    clean = scene(seed, size, brightness)
    shift = random.uniform(-2.5, 2.5, (frames, 2))
    views = np.stack([ndimage.shift(clean, each, order=3, mode="nearest") for each in shift])
    counts = random.poisson(np.maximum(views, 0) * electrons)
    inside = slice(MARGIN_PX, size - MARGIN_PX)
    raw = (1000 + 50 * counts).astype(np.uint16)
    return TrainingField(name or f"field-{seed}", raw, (300 + 2000 * clean).astype(np.float32), shift, inside, inside, 4.56, 1e-7)
