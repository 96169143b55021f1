from .crystal import REFLECTION as REFLECTION, specimen_axes as specimen_axes, to_microscope as to_microscope
from .foil_faults import NO_FAULTS as NO_FAULTS, FoilFaults as FoilFaults
from .foil_shape import FoilShape as FoilShape
from .gliding_specimen import GlidingFoil as GlidingFoil, gliding_foil as gliding_foil
from .heated_specimen import HeatedFoil as HeatedFoil, heated_foil as heated_foil
from .joined_arms import whole_dislocations as whole_dislocations
from .line_courses import LineCourse as LineCourse
from .line_networks import STEP_NM as STEP_NM, DislocationLine as DislocationLine
from .specimens import (
    FoilSpecimen as FoilSpecimen,
    FrameGeometry as FrameGeometry,
    GratingSpecimen as GratingSpecimen,
    KnownSpecimen as KnownSpecimen,
    Specimen as Specimen,
    foil_at as foil_at,
    foil_for_series as foil_for_series,
)
from .strained_specimen import StrainedFoil as StrainedFoil, foil_after_stress as foil_after_stress, strained_foil as strained_foil
