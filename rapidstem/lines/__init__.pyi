from .frame_curvature import (
    FrameCurvature as FrameCurvature,
    curvature_across as curvature_across,
    curvature_of_frames as curvature_of_frames,
    largest_curvature as largest_curvature,
)
from .frame_projection import FramePlaces as FramePlaces, scanned_pixels as scanned_pixels
from .known_lines import refit_lines as refit_lines
from .line_coverage import COVERED_WIDTHS as COVERED_WIDTHS
from .line_fitting import FittedLines as FittedLines, fit_lines as fit_lines
from .line_likelihood import LineLikelihood as LineLikelihood, likelihood_of as likelihood_of
from .line_rounds import FittingSettings as FittingSettings
