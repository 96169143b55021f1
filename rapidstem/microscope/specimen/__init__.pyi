from .crystal import REFLECTION as REFLECTION, specimen_axes as specimen_axes, to_microscope as to_microscope
from .heated_specimen import HeatedFoil as HeatedFoil, heated_foil as heated_foil
from .line_networks import STEP_NM as STEP_NM, DislocationLine as DislocationLine
from .specimens import (
    FrameGeometry as FrameGeometry,
    GratingSpecimen as GratingSpecimen,
    Specimen as Specimen,
    foil_at as foil_at,
    foil_for_series as foil_for_series,
)
