from .frame_curvature import (
    FrameCurvature as FrameCurvature,
    curvature_across as curvature_across,
    curvature_of_frames as curvature_of_frames,
    frame_normals as frame_normals,
    largest_curvature as largest_curvature,
)
from .frame_projection import FramePlaces as FramePlaces
from .line_coverage import COVERED_WIDTHS as COVERED_WIDTHS, CoveredFrames as CoveredFrames, SeriesEvidence as SeriesEvidence
from .line_likelihood import LineLikelihood as LineLikelihood, likelihood_of as likelihood_of
from .moved_copies import NullEvidence as NullEvidence, null_evidence as null_evidence
from .summed_evidence import evidence_volume as evidence_volume, frame_evidence as frame_evidence
