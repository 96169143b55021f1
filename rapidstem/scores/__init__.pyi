from .difference_fit import (
    AXIS_PLANE as AXIS_PLANE,
    QuadraticFit as QuadraticFit,
    difference_profile as difference_profile,
    quadratic_fit as quadratic_fit,
)
from .field_scores import IMAGE_COLUMNS as IMAGE_COLUMNS, LINE_COLUMNS as LINE_COLUMNS, score_field as score_field
from .frame_references import FieldReferences as FieldReferences, without_gaps as without_gaps
from .image_quality import INTENSITY_RANGES as INTENSITY_RANGES, ImageScale as ImageScale, psnr_affine_db as psnr_affine_db
from .image_spectra import SPECTRUM_COLUMNS as SPECTRUM_COLUMNS, derived_spectra as derived_spectra, spectral_scores as spectral_scores
from .in_situ_scores import (
    IHARA_GAIN_PERCENT as IHARA_GAIN_PERCENT,
    IN_SITU_COLUMNS as IN_SITU_COLUMNS,
    score_last_frames as score_last_frames,
    slow_in_series as slow_in_series,
)
from .interval_scores import INTERVAL_COLUMNS as INTERVAL_COLUMNS, score_intervals as score_intervals
from .known_geometry import BOUND_COLUMNS as BOUND_COLUMNS, accuracy_bound as accuracy_bound, angle_spread_deg as angle_spread_deg
from .line_comparison import LineComparison as LineComparison, PlacedLines as PlacedLines, compare_lines as compare_lines
from .line_identity import (
    IDENTITY_COLUMNS as IDENTITY_COLUMNS,
    LineIdentity as LineIdentity,
    common_field as common_field,
    identify_lines as identify_lines,
    identity_scores as identity_scores,
    whole_field as whole_field,
)
from .line_pairs import (
    PAIR_COLUMNS as PAIR_COLUMNS,
    LineAgreement as LineAgreement,
    line_agreement as line_agreement,
    paired_lines as paired_lines,
)
from .line_recovery import DETECTION_COLUMNS as DETECTION_COLUMNS, line_detection as line_detection
from .motion_comparisons import (
    RESPONSE_COLUMNS as RESPONSE_COLUMNS,
    KnownLine as KnownLine,
    jump_responses as jump_responses,
    resting_positions as resting_positions,
    sweep_scores as sweep_scores,
    true_lines as true_lines,
)
from .motion_scores import (
    MOTION_COLUMNS as MOTION_COLUMNS,
    TrueLine as TrueLine,
    kept_lengths as kept_lengths,
    motion_errors as motion_errors,
    owned_lines as owned_lines,
    score_motion as score_motion,
)
from .positional_error import (
    ERROR_COLUMNS as ERROR_COLUMNS,
    ZHAO_MEAN_ABS_NM as ZHAO_MEAN_ABS_NM,
    errors_of_pairs as errors_of_pairs,
    line_centroids as line_centroids,
    position_pairs as position_pairs,
    removed_motion as removed_motion,
)
from .shell_correlation import (
    ALL_DIRECTIONS as ALL_DIRECTIONS,
    GOLD_STANDARD as GOLD_STANDARD,
    SHELL_COLUMNS as SHELL_COLUMNS,
    directional_correlations as directional_correlations,
    resolution_nm as resolution_nm,
    resolution_words as resolution_words,
)
from .sweep_limits import (
    BASE as BASE,
    CURVE_COLUMNS as CURVE_COLUMNS,
    LIMITS as LIMITS,
    NONE as NONE,
    POINT_COLUMNS as POINT_COLUMNS,
    axis_places as axis_places,
    passed_limits as passed_limits,
    sweep_curves as sweep_curves,
)
from .time_lag import cross_calibrated as cross_calibrated
