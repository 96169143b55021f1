"""Which lines are faint: those with g.b = 0 have what contrast g.(b x u) leaves them, and some others show half of theirs."""

from dataclasses import replace

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.line_networks import DislocationLine


def with_strengths(lines: list[DislocationLine], settings: MicroscopeSettings, rng: np.random.Generator) -> list[DislocationLine]:
    """Draw which lines are faint; lines keep their default contrast where the settings ask for nothing else."""
    if not (settings.faint_line_share or settings.residual_contrast):
        return lines
    faint = rng.uniform(size=len(lines)) < settings.faint_line_share
    factor = np.where(faint, settings.faint_line_contrast, 1.0)
    return [
        replace(line, contrast=float(each if line.visible else each * settings.residual_contrast))
        for line, each in zip(lines, factor, strict=True)
    ]
