"""Pictures of tilt series: images, angles, shifts."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rapidstem.figures.style import BLACK, BLUE, ORANGE, Drawing, panels, show_image, styled

# Columns of the picture of a series: to both ends of the usual range, as in Zhao et al. 2021, Fig. 4.
USUAL_DEG = np.array([-70.0, -45.0, -20.0, 0.0, 20.0, 45.0, 70.0])
# A stage's slow motion, and three harmonics of the mains.
_VIBRATION_STYLES = ("-", "--", ":", "-.")


def shown_tilts(tilt_deg: np.ndarray) -> np.ndarray:
    """Tilts of the frames that are nearest to the usual ones, from the least to the largest of a series, no frame twice.

    Parameters
    ----------
    tilt_deg : ndarray (frame,)

    Returns
    -------
    ndarray (n,)
        In rising order.
    """
    nearest = np.abs(tilt_deg - np.clip(USUAL_DEG, tilt_deg.min(), tilt_deg.max())[:, None]).argmin(axis=1)
    return np.unique(tilt_deg[nearest])


@styled
def angle_trace(angles: pd.DataFrame) -> Drawing:
    """Tilt angles as reported and as refined, their difference with its uncertainty, and the shifts of the frames.

    Parameters
    ----------
    angles : DataFrame
        `frame`, `reported_deg`, `angle_deg`, `sigma_deg` (standard deviation of the refined angle), `dy_px`, `dx_px`.
    """
    frame = angles["frame"].to_numpy()
    difference = (angles["angle_deg"] - angles["reported_deg"]).to_numpy()
    sigma = angles["sigma_deg"].to_numpy()
    figure, axes = panels(3, 1, 6.4, 6.4, sharex=True)
    tilt, change, shift = axes[:, 0]
    tilt.plot(frame, angles["reported_deg"], color=ORANGE, linestyle="--", label="reported by the goniometer")
    tilt.plot(frame, angles["angle_deg"], color=BLUE, label="refined")
    tilt.set_ylabel("tilt / °")
    change.fill_between(frame, difference - sigma, difference + sigma, color=BLUE, alpha=0.25, linewidth=0, label="± standard deviation")
    change.plot(frame, difference, color=BLUE, marker=".", label="refined − reported")
    change.axhline(0.0, color=BLACK, linewidth=0.8)
    change.set_ylabel("difference / °")
    shift.plot(frame, angles["dy_px"], color=BLUE, label="dy")
    shift.plot(frame, angles["dx_px"], color=ORANGE, linestyle="--", label="dx")
    shift.set(ylabel="shift / px", xlabel="frame")
    for panel in axes[:, 0]:
        panel.legend(ncols=2)
    words = (
        f"{len(angles)} frames from {angles['angle_deg'].min():.1f}° to {angles['angle_deg'].max():.1f}°; refined minus reported "
        f"between {difference.min():.2f}° and {difference.max():.2f}°."
    )
    return Drawing(figure, angles.assign(difference_deg=difference), words)


@styled
def motion_trace(motion: pd.DataFrame) -> Drawing:
    """Amplitudes in y and x of the vibration within each frame, by frequency.

    Parameters
    ----------
    motion : DataFrame
        `frame`, `frequency_hz`, `cosine_dy_px`, `sine_dy_px`, `cosine_dx_px`, `sine_dx_px`; expected errors `dy_sigma_px` and
        `dx_sigma_px`. Without rows where no motion was measured.
    """
    figure, axes = panels(2, 1, 6.4, 3.6, sharex=True, sharey=True)
    motion = motion.astype(float)
    amplitudes = motion.assign(**{f"{side}_px": np.hypot(motion[f"cosine_{side}_px"], motion[f"sine_{side}_px"]) for side in ("dy", "dx")})
    vibrations = list(amplitudes.groupby("frequency_hz"))
    for panel, side in zip(axes[:, 0], ("dy", "dx"), strict=True):
        for (frequency, rows), style in zip(vibrations, _VIBRATION_STYLES[: len(vibrations)], strict=True):
            panel.plot(rows["frame"], rows[f"{side}_px"], linestyle=style, label=f"{frequency:g} Hz")
        panel.set_ylabel(f"{side} / px")
    axes[-1, 0].set_xlabel("frame")
    if motion.empty:
        return Drawing(figure, amplitudes, "No motion within the frames was measured.")
    axes[0, 0].legend(ncols=len(_VIBRATION_STYLES))
    square = amplitudes.groupby("frame")[["dy_px", "dx_px"]].apply(lambda rows: (rows**2).sum() / 2).mean()
    error = np.sqrt(np.mean(motion[["dy_sigma_px", "dx_sigma_px"]].astype(float) ** 2, axis=0))
    words = (
        f"Within the frames the specimen vibrates by {np.sqrt(square['dy_px']):.2f} px in y and {np.sqrt(square['dx_px']):.2f} px in x "
        f"(rms), measured to {error['dy_sigma_px']:.2f} and {error['dx_sigma_px']:.2f} px and taken out."
    )
    return Drawing(figure, amplitudes, words)


@styled
def series_images(
    series: Mapping[str, np.ndarray], tilt_deg: Mapping[str, np.ndarray], shown_deg: np.ndarray, pixel_size_nm: float
) -> Drawing:
    """Frames of several tilt series below each other, each nearest to the tilts asked for (Zhao et al. 2021, Fig. 4).

    Parameters
    ----------
    series : mapping of a name to ndarray (frame, y, x)
        For instance raw, denoised, slow and binarised.
    tilt_deg : mapping of the same names to ndarray (frame,)
        Tilt of each frame.
    shown_deg : ndarray (n,)
        Tilts of the columns.
    pixel_size_nm : float
        Of all series.
    """
    figure, axes = panels(len(series), len(shown_deg), 1.9 * len(shown_deg), 2.05 * len(series))
    rows = []
    for panel_row, (name, frames) in zip(axes, series.items(), strict=True):
        for panel, wanted in zip(panel_row, shown_deg, strict=True):
            frame = int(np.argmin(np.abs(tilt_deg[name] - wanted)))
            low, high = show_image(panel, frames[frame], pixel_size_nm, f"{tilt_deg[name][frame]:.1f}°")
            rows.append({"series": name, "frame": frame, "tilt_deg": tilt_deg[name][frame], "black": low, "white": high})
        panel_row[0].set_ylabel(name)
    words = f"Frames of {', '.join(series)} at tilts near {', '.join(f'{round(angle)}°' for angle in shown_deg)}."
    return Drawing(figure, pd.DataFrame(rows), words)
