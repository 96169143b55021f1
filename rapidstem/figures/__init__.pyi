from .choice_figures import chosen_fields as chosen_fields
from .denoising_figures import (
    central_line as central_line,
    clearest_window as clearest_window,
    line_profiles as line_profiles,
    power_spectra as power_spectra,
    scores_by_tilt as scores_by_tilt,
    side_by_side as side_by_side,
)
from .distortion_figures import (
    corrected_profiles as corrected_profiles,
    map_deviation as map_deviation,
    strip_displacements as strip_displacements,
    superposition as superposition,
)
from .drift_figures import drift_trace as drift_trace
from .figure_registry import (
    CHOICE as CHOICE,
    DISTORTION as DISTORTION,
    FIELD as FIELD,
    IN_SITU_SERIES as IN_SITU_SERIES,
    LINES as LINES,
    POSITIONS as POSITIONS,
    REGISTRY as REGISTRY,
    SCORES as SCORES,
    VARIANT as VARIANT,
    FigureEntry as FigureEntry,
    figure_entry as figure_entry,
    figures_of as figures_of,
)
from .in_situ_figures import series_course as series_course, series_stills as series_stills
from .in_situ_movie import MovieLayout as MovieLayout, frame_rate as frame_rate, picture_words as picture_words, write_movie as write_movie
from .line_figures import (
    line_differences as line_differences,
    line_lengths as line_lengths,
    line_projections as line_projections,
    plane_densities as plane_densities,
)
from .line_sentences import agreement_sentence as agreement_sentence, count_words as count_words, truth_sentences as truth_sentences
from .position_figures import (
    centres_3d as centres_3d,
    depth_differences as depth_differences,
    difference_histograms as difference_histograms,
    shell_correlations as shell_correlations,
    time_lag_profiles as time_lag_profiles,
)
from .quality_figures import (
    PUBLISHED_AGREEMENT_PER_UM as PUBLISHED_AGREEMENT_PER_UM,
    agreement as agreement,
    psnr_and_similarity as psnr_and_similarity,
    psnr_by_kind as psnr_by_kind,
    training_size as training_size,
)
from .score_tables import (
    LINE_INTENSITY as LINE_INTENSITY,
    LINE_WIDTH as LINE_WIDTH,
    PSNR as PSNR,
    PSNR_AFFINE as PSNR_AFFINE,
    SSIM as SSIM,
    score_table as score_table,
)
from .style import grey_limits as grey_limits, save_drawing as save_drawing
from .tilt_figures import angle_trace as angle_trace, series_images as series_images
from .training_figures import loss_curves as loss_curves
from .volume_figures import projections as projections
