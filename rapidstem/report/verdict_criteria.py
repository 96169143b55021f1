"""What is asked of a session's stages, in terms that can be seen without a truth: limits, each with its source and a remedy.

A new criterion is one entry here; `rapidstem.report.session_observations` says where its value comes from.
"""

import math
from dataclasses import dataclass

from rapidstem.grades import DOUBTFUL, GOOD, UNUSABLE

GRADES = (GOOD, DOUBTFUL, UNUSABLE)
ALWAYS_USABLE = math.inf
# What several criteria ask for, and a report says once.
MORE_ELECTRONS, CLEAR_VIEW = "Record more electrons a frame.", "Keep bend contours and dirt out of view."
THIN_FOIL, MORE_FRAMES = "Choose a thinner or less deformed part of the foil.", "Record more frames."
WIDER_RANGE = "Tilt over a larger range."

REFERENCES, DISTORTION, CHOICE, TRAINING, DENOISING, IN_SITU = "references", "distortion", "choice", "training", "denoising", "in situ"
ALIGNMENT, TOMOGRAM, POSITIONS, LINES = "alignment", "tomogram", "positions", "lines"
# The stages that the result comes from, the nearest to it first; what lies before them can spoil a result only through them.
RESULT_STAGES = (LINES, POSITIONS, TOMOGRAM, ALIGNMENT)


@dataclass(frozen=True)
class Criterion:
    """What is asked of a quantity.

    Attributes
    ----------
    stage : which it speaks of.
    quantity, unit : what it is, in words.
    good, usable : limits of the two grades, both included.
    source : where the limits come from.
    advice : what to do differently next time where it is not good, a sentence each.
    more_is_better : whether values below the limits are the bad ones.
    independent : whether it compares two series that were recorded apart.
    endless : what an infinite value means, in words.
    """

    stage: str
    quantity: str
    unit: str
    good: float
    usable: float
    source: str
    advice: tuple[str, ...]
    more_is_better: bool = False
    independent: bool = False
    endless: str = "infinite"

    def grade(self, value: float) -> str:
        """The grade of a value."""
        sign = -1.0 if self.more_is_better else 1.0
        if sign * value <= sign * self.good:
            return GOOD
        return DOUBTFUL if sign * value <= sign * self.usable else UNUSABLE

    def words(self, value: float) -> str:
        """A value with its unit; two digits below ten, a whole number from a hundred on."""
        if math.isinf(value):
            return self.endless if value > 0 else f"minus {self.endless}"
        digits = ".2g" if abs(value) < 10 else ".3g" if abs(value) < 100 else ".0f"
        return f"{value:{digits}}{'' if self.unit == '°' else ' '}{self.unit}".rstrip()


CRITERIA = {
    "frames_used": Criterion(
        *(REFERENCES, "frames used for the averages", "%", 90.0, 50.0),
        "noise of an average of n frames goes as 1/sqrt(n): 5 % more with nine tenths of them, 41 % with half",
        ("Wait for the stage to settle before a field is recorded, and look at the frames that were rejected.",),
        more_is_better=True,
    ),
    "registration_residual": Criterion(
        *(REFERENCES, "residual of the drift", "px", 0.2, 1.0),
        "blur adds in squares: a line of 3 px (full width at half depth) becomes 1 % wider by 0.2 px rms, 27 % by 1 px",
        ("Record fields with more contrast, or frames with more electrons.",),
    ),
    "reference_correlation": Criterion(
        *(REFERENCES, "correlation of slow and averaged rapid images", "", 0.6, 0.3),
        "0.97 to 0.99 on the demo, 0.6 where contrast or place have changed, below 0.3 for images of another field",
        ("Record slow and rapid images of a field right after each other, at one place and one focus.",),
        more_is_better=True,
    ),
    "instrument_difference": Criterion(
        *(REFERENCES, "difference from the instrument's shifts", "px", 1.0, ALWAYS_USABLE),
        "a registration that has lost the drift is off by more than a pixel (rapidstem.frames); less is what two methods differ by",
        ("Look at the drift of the fields named in the table; one of the two registrations has lost it.",),
    ),
    "distortion_residual": Criterion(
        *(DISTORTION, "residual of the map", "px", 0.3, 1.0),
        "docs/registration-and-distortion.md: 0.1 to 0.2 px with the right map, on simulated and real fields; 1.4 px with a wrong one",
        ("Record a calibration field with fine detail all over the view, slow and rapid at the same place.",),
    ),
    "fields_kept": Criterion(
        *(CHOICE, "training fields that resemble the series", "%", 50.0, 10.0),
        "a convention: where most fields are left out, the filters learn from few, and foil or exposure have changed",
        ("Record training fields beside the place of the tilt series, at its tilts and its exposure.",),
        more_is_better=True,
    ),
    "loss_still_falling": Criterion(
        *(TRAINING, "fall of the validation loss in the last quarter of the training", "%", 10.0, 50.0),
        "the loss is a mean square: 10 % of it are 0.5 dB, 50 % are 3 dB",
        ("Train with more steps.",),
    ),
    "line_width_change": Criterion(
        *(DENOISING, "change of the line width by the filter, at the worst tilt", "%", 10.0, 25.0),
        "Zhao et al. 2021, Table 2: their network changes it by 2 to 10 % up to 60° and by 23 % at 70°, BM3D by 25 to 75 %",
        ("Record more training fields at the highest tilts, or take another filter.",),
    ),
    "line_depth_loss": Criterion(
        *(DENOISING, "change of the line depth by the filter, at the worst tilt", "%", 10.0, 30.0),
        "Zhao et al. 2021, Table 3: their network loses 5 to 21 %, BM3D up to 29 %",
        ("Record more training fields at the highest tilts, or take another filter.",),
    ),
    "tilts_used": Criterion(
        *(ALIGNMENT, "frames of the series used", "%", 90.0, 50.0),
        "a tenth fewer views blur nothing; half of them are a series of twice the tilt step",
        ("Look at the frames that were dropped: bend contours, jumps or a blanked beam; tilt more slowly there.",),
        more_is_better=True,
    ),
    "track_residual": Criterion(
        *(ALIGNMENT, "residual of the tracked points", "px", 0.6, 1.5),
        "docs/report.md: 0.3 to 0.5 px in seven simulated sessions in which 94 to 99 % of the lines are found, 0.6 to 0.7 px under hard "
        "conditions with 83 to 88 %; 1.5 px is half a line width of 3 px",
        (MORE_ELECTRONS, CLEAR_VIEW, "Let the stage shake less (tilt more slowly)."),
    ),
    "angle_sigma": Criterion(
        *(ALIGNMENT, "uncertainty of the tilt angles", "°", 0.2, 1.0),
        "at a face of a foil of 300 nm, 150 nm from its middle, 0.2° move a point by 0.5 nm, 1° by 2.6 nm",
        (WIDER_RANGE, "Where few lines are in view, choose one with more."),
    ),
    "motion_within_frames": Criterion(
        *(ALIGNMENT, "motion within the frames, rms", "px", 0.5, 2.0),
        "blur adds in squares: where it cannot be taken out, a line of 3 px (full width at half depth) becomes 7 % wider by 0.5 px rms, "
        "86 % by 2 px",
        ("Find what shakes the stage (pumps, mains, sound); scan faster, or along the direction that shakes less.",),
    ),
    "alignment_warnings": Criterion(
        *(ALIGNMENT, "warnings of the alignment", "", 0.0, ALWAYS_USABLE),
        "each names a reason for doubt of its own",
        ("Read the warnings of the alignment.",),
    ),
    "resolution": Criterion(
        *(TOMOGRAM, "resolution from two halves of the frames, in line widths", "", 1.0, 2.0),
        "lines of one width that are nearer to each other than the resolution are one line in the volume",
        (MORE_FRAMES, MORE_ELECTRONS, "Take smaller pixels where the resolution is the limit of the pixels."),
        endless="not resolved",
    ),
    "centre_sigma": Criterion(
        *(TOMOGRAM, "uncertainty of the centres from two halves of the frames", "nm", 3.2, 10.3),
        "half of the smallest and the whole of the largest mean error of Zhao et al. 2021 (6.4 / 7.8 / 10.3 nm)",
        (MORE_FRAMES, MORE_ELECTRONS),
    ),
    "position_difference": Criterion(
        *(POSITIONS, "mean difference of rapid and slow at the worst axis, the published one being 100 %", "%", 100.0, 200.0),
        "Zhao et al. 2021: 6.4 / 7.8 / 10.3 nm (x / y / z) on a real specimen",
        ("Calibrate scan distortion and timing at the magnification and dwell time of the series.",),
        independent=True,
    ),
    "stated_deviations": Criterion(
        *(POSITIONS, "differences of rapid and slow at the worst axis, their stated deviations being 1", "", 2.0, 4.0),
        "docs/report.md: 0.8 to 1.4 in eight simulated sessions; with 2 an interval of 95 % holds two thirds of the values",
        (
            "Believe the differences, not the stated deviations: something moves that no model has.",
            "Calibrate the scan distortion, and record rapid and slow closer in time.",
        ),
        independent=True,
    ),
    "paired_centres": Criterion(
        *(POSITIONS, "centres that rapid and slow share", "%", 80.0, 50.0),
        "two tomograms of one foil share nine tenths and more; where a fifth is missing, the mean error is that of a selection",
        ("Record the slow series over the same view and the same tilts, before the foil changes.",),
        more_is_better=True,
        independent=True,
    ),
    "depth_bow": Criterion(
        *(POSITIONS, "bow of the difference in z across the view", "nm", 1.0, 10.3),
        "docs/accuracy.md: 0.3 nm stay with the true geometry, docs/report.md: 2.5 nm under hard conditions; 10.3 nm is the mean error in "
        "z of Zhao et al. 2021",
        ("Give the times of the rows (geometry per-row), and check that the foil has not bent between the two series.",),
        independent=True,
    ),
    "lines_found": Criterion(
        *(LINES, "lines found", "", 1.0, 1.0),
        "a tomogram without a line has nothing to measure",
        ("Choose a reflection in which the dislocations are visible, and check thickness and line width in the configuration.",),
        more_is_better=True,
    ),
    "lost_ends": Criterion(
        *(LINES, "ends lost inside the foil", "%", 10.0, 50.0),
        "a dislocation cannot end inside a crystal, so each is a fault; docs/report.md: 0 to 3 % in five simulated sessions, 24 to 37 % in "
        "networks and under hard conditions, where 36 to 71 % of the lines are one to one with the truth",
        (MORE_ELECTRONS, CLEAR_VIEW),
    ),
    "doubtful_lines": Criterion(
        *(LINES, "lines whose probability to be real is below 0.95", "%", 10.0, 50.0),
        "a convention: one line in ten does not change a density beyond its sampling error (27 % in the demo)",
        (MORE_ELECTRONS, THIN_FOIL),
    ),
    "hidden_lines": Criterion(
        *(LINES, "lines that lie on others in most frames", "%", 10.0, 50.0),
        "docs/report.md: 0 to 8 % in seven simulated sessions, 3 and 14 % under hard conditions",
        (THIN_FOIL, WIDER_RANGE),
    ),
    "same_lines": Criterion(
        *(LINES, "lines that are one to one in rapid and slow", "%", 80.0, 50.0),
        "docs/report.md: where 85 to 100 % agree, 85 to 100 % are one to one with the truth; where 62 to 79 % agree, 36 to 81 % are",
        ("Record the slow series before the foil changes; where lines cross, only more electrons or more views help.",),
        more_is_better=True,
        independent=True,
    ),
    "registered_frames": Criterion(
        *(IN_SITU, "frames registered", "%", 90.0, 50.0),
        "shifts of the others are interpolated: over a gap of a few frames the drift is smooth, over half of the series it is not known",
        ("Let the drift of the holder settle, and keep a feature that does not change in view.",),
        more_is_better=True,
    ),
    "in_situ_gain": Criterion(
        *(IN_SITU, "gain in PSNR of the last frames", "%", 0.0, -20.0),
        "Ihara et al. 2022: +14 %; below 0 the filter spoils the frames",
        ("Train the filter on fields of the specimen as it is at the end.",),
        more_is_better=True,
    ),
}
