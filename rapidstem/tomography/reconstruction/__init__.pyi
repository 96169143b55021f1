from .sirt import SirtOperator as SirtOperator, sirt_slices as sirt_slices
from .slice_blocks import Method as Method, half_frames as half_frames, slice_range as slice_range
from .slice_projector import SliceGeometry as SliceGeometry, system_matrix as system_matrix
from .slice_solvers import Device as Device
from .volume_blocks import gather_blocks as gather_blocks, write_block as write_block
from .volume_reconstruction import (
    ReconstructionSettings as ReconstructionSettings,
    project_volume as project_volume,
    reconstruct as reconstruct,
)
