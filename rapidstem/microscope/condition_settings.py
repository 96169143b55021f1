"""What makes a foil and a microscope hard to work with; everything is off by default.

Ranges are drawn from uniformly. Numbers of section "Hard conditions" of `docs/microscope.md`, where their sources stand.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FoilConditions:
    """Faults of the specimen: bend contours, dirt, precipitates, thickness, holes, and lines that are hard to see."""

    bend_contours: int = 0
    bend_contour_width_nm: tuple[float, float] = (90.0, 220.0)
    bend_contour_depth: tuple[float, float] = (0.25, 0.55)
    bend_contour_speed_nm_per_deg: tuple[float, float] = (45.0, 120.0)

    particles_per_um2: float = 0.0
    particle_radius_nm: tuple[float, float] = (12.0, 38.0)
    particle_absorption: tuple[float, float] = (0.22, 0.6)
    contamination_per_um2: float = 0.0
    contamination_radius_nm: tuple[float, float] = (60.0, 160.0)
    contamination_absorption: tuple[float, float] = (0.05, 0.15)
    precipitates_per_um2: float = 0.0
    precipitate_radius_nm: tuple[float, float] = (6.0, 20.0)
    precipitate_absorption: tuple[float, float] = (0.15, 0.4)

    thickness_wedge: float = 0.0
    thickness_steps: int = 0
    thickness_step_nm: float = 15.0
    hole_radius_nm: float = 0.0
    foil_edge_share: float = 0.0
    foil_edge_direction_deg: float = 90.0
    edge_taper_nm: float = 40.0

    residual_contrast: float = 0.0
    faint_line_share: float = 0.0
    faint_line_contrast: float = 0.5
    slip_bands: int = 0
    slip_band_width_nm: float = 150.0
    slip_band_density_per_m2: float = 1e14


@dataclass(frozen=True)
class InstrumentConditions:
    """Faults of the microscope: vibration, stage, beam current and detector; and of the slow series that comes after the rapid one."""

    vibration_nm: float = 0.0
    vibration_hz: tuple[float, ...] = (50.0, 100.0, 150.0)
    vibration_share: tuple[float, ...] = (1.0, 0.4, 0.25)
    stage_shake_nm: float = 0.0
    stage_jumps: int = 0
    stage_jump_nm: float = 30.0
    beam_fluctuation: float = 0.0
    saturation_intensity: float = 0.0
    hot_pixel_share: float = 0.0
    hot_pixel_intensity: float = 4.0
    slow_offset_nm: float = 0.0
    slow_bend_nm: float = 0.0
    slow_drift_px_per_s: float = 0.0


RANGES = (
    "bend_contour_width_nm",
    "bend_contour_depth",
    "bend_contour_speed_nm_per_deg",
    "particle_radius_nm",
    "particle_absorption",
    "contamination_radius_nm",
    "contamination_absorption",
    "precipitate_radius_nm",
    "precipitate_absorption",
)
SHARES = ("bend_contour_depth", "particle_absorption", "contamination_absorption", "precipitate_absorption")
WIDTHS = ("bend_contour_width_nm", "particle_radius_nm", "contamination_radius_nm", "precipitate_radius_nm")
# Of a share that must leave something.
LARGEST_SHARE = 0.99
LIMITS = {
    "bend_contours": (0, 100),
    "particles_per_um2": (0, 10_000),
    "contamination_per_um2": (0, 10_000),
    "precipitates_per_um2": (0, 10_000),
    "thickness_wedge": (0, 0.6),
    "thickness_steps": (0, 100),
    "thickness_step_nm": (0, 1000),
    "hole_radius_nm": (0, 100_000),
    "foil_edge_share": (0, 0.95),
    "edge_taper_nm": (1, 100_000),
    "residual_contrast": (0, 2),
    "faint_line_share": (0, 1),
    "faint_line_contrast": (0, 1),
    "slip_bands": (0, 100),
    "slip_band_width_nm": (1, 100_000),
    "slip_band_density_per_m2": (1e10, 1e16),
    "vibration_nm": (0, 1000),
    "stage_shake_nm": (0, 1000),
    "stage_jumps": (0, 1000),
    "stage_jump_nm": (0, 10_000),
    "beam_fluctuation": (0, 1),
    "saturation_intensity": (0, 1000),
    "hot_pixel_share": (0, 0.5),
    "hot_pixel_intensity": (0, 1000),
    "slow_offset_nm": (0, 10_000),
    "slow_bend_nm": (0, 1000),
    "slow_drift_px_per_s": (0, 1000),
}
