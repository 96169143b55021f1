"""Centres of dislocations by a fit of a straight ridge to the voxels around them."""

import numpy as np

# Places of the parameters in the vector of unknowns.
_AMPLITUDE, _PLACE = 0, slice(1, 3)
# Amplitude, place (2), inclination to the section (2), and the three numbers of the matrix that gives the width.
_PARAMETERS = 8
# A fitted height that differs from the measured one by more than this factor belongs to no ridge; the centre of gravity is kept then.
_LARGEST_AMPLITUDE = 5.0
# In radii of the neighbourhood: the width that a fit starts from, and the largest step from its start.
_FIRST_WIDTH, _LARGEST_STEP = 0.4, 0.5
_ITERATIONS = 20
# Voxels of neighbourhoods that are held at once: some 150 MB with all that is computed of them.
_VOXELS_AT_ONCE = 750_000


def fit_centres(sections: np.ndarray, peaks: np.ndarray, start: np.ndarray, radius: int) -> np.ndarray:
    """Fit a straight ridge of elliptical Gaussian profile around every peak, and give where it crosses the peak's section.

    I(s, r) = a exp(-q' P q / 2), q = r - G - m s, s being the section counted from the peak's own and r the place within the section.
    The amplitude a, the centre G, the slope m of the line and the matrix P (which a missing wedge makes elongated) are found by
    least squares (Levenberg and Marquardt) over half a radius of sections to either side; within a section the voxels are weighted with a
    Gaussian of half a radius, so that neighbouring lines do not pull. Neighbouring sections make the fit less noisy than the centre of
    gravity of one; a line's bend within them is small.

    Parameters
    ----------
    sections : np.ndarray, (section, row, column)
        The volume, turned so that its sections come first.
    peaks : np.ndarray, (n, 3), int
        Section, row and column of the maxima.
    start : np.ndarray, (n, 2)
        First estimate (row, column), such as the centre of gravity.
    radius : int
        Radius of the neighbourhood, in voxels. A fit that ends further than half of it from its start keeps the start.

    Returns
    -------
    np.ndarray, (n, 2)
        Row and column.

    References
    ----------
    D. Marquardt, J. Soc. Indust. Appl. Math. 11 (1963) 431.
    """
    fitted = [_fit_block(sections, peaks[some], start[some], radius) for some in parts_of_peaks(len(peaks), radius)]
    return np.concatenate(fitted) if fitted else np.empty((0, 2))


def parts_of_peaks(count: int, radius: int) -> list[slice]:
    """Parts of a list of peaks, so many at once that their neighbourhoods take the same memory whatever their radius.

    Parameters
    ----------
    count : int
        Of peaks.
    radius : int
        Of a neighbourhood, a cube of 2 radius + 1 voxels a side.

    Returns
    -------
    list of slice
    """
    at_once = max(1, _VOXELS_AT_ONCE // (2 * radius + 1) ** 3)
    return [slice(first, first + at_once) for first in range(0, count, at_once)]


def _fit_block(sections: np.ndarray, peaks: np.ndarray, start: np.ndarray, radius: int) -> np.ndarray:
    middle = np.rint(start).astype(int)
    values, weight, offset = _weighted_values(sections, peaks[:, 0], middle, radius)
    values /= sections[tuple(peaks.T)][:, None]
    parameters = np.zeros((len(peaks), _PARAMETERS))
    parameters[:, _AMPLITUDE] = 1.0
    parameters[:, _PLACE] = start - middle
    parameters[:, [5, 7]] = 1.0 / (_FIRST_WIDTH * radius)
    parameters = _least_squares(parameters, values, weight, offset)
    moved = np.linalg.norm(parameters[:, _PLACE] - (start - middle), axis=1)
    amplitude = parameters[:, _AMPLITUDE]
    plausible = (moved <= _LARGEST_STEP * radius) & (amplitude > 1 / _LARGEST_AMPLITUDE) & (amplitude < _LARGEST_AMPLITUDE)
    return np.where(plausible[:, None], middle + parameters[:, _PLACE], start)


def _weighted_values(
    sections: np.ndarray, section: np.ndarray, middle: np.ndarray, radius: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voxels around each peak and their weights, both (n, voxel), and the voxels' offsets from it, (3, voxel)."""
    deep = max(1, radius // 2)
    offset = np.mgrid[-deep : deep + 1, -radius : radius + 1, -radius : radius + 1].reshape(3, -1)
    distance = np.hypot(offset[1], offset[2])
    offset, distance = offset[:, distance <= radius + 0.5], distance[distance <= radius + 0.5]
    index = np.column_stack([section, middle]).T[:, :, None] + offset[:, None]
    shape = np.array(sections.shape)[:, None, None]
    inside = np.all((index >= 0) & (index < shape), axis=0)
    values = sections[tuple(np.clip(index, 0, shape - 1))].astype(float)
    return values, inside * np.exp(-2.0 * (distance / radius) ** 2), offset.astype(float)


def _least_squares(parameters: np.ndarray, values: np.ndarray, weight: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Levenberg-Marquardt for all peaks at once, each with its own damping."""
    damping = np.full(len(values), 1e-2)
    ridge, jacobian = _ridge(parameters, offset)
    cost = np.sum(weight * (values - ridge) ** 2, axis=1)
    for _ in range(_ITERATIONS):
        weighted = jacobian * weight[:, :, None]
        normal = weighted.transpose(0, 2, 1) @ jacobian
        gradient = np.einsum("nmi,nm->ni", weighted, values - ridge)
        diagonal = np.einsum("nii->ni", normal) * damping[:, None] + 1e-9
        step = np.linalg.solve(normal + diagonal[:, :, None] * np.eye(_PARAMETERS), gradient[:, :, None])[:, :, 0]
        trial, trial_jacobian = _ridge(parameters + step, offset)
        trial_cost = np.sum(weight * (values - trial) ** 2, axis=1)
        better = trial_cost < cost
        parameters = np.where(better[:, None], parameters + step, parameters)
        ridge, cost = np.where(better[:, None], trial, ridge), np.where(better, trial_cost, cost)
        jacobian = np.where(better[:, None, None], trial_jacobian, jacobian)
        damping = np.clip(np.where(better, damping / 5.0, damping * 5.0), 1e-9, 1e9)
    return parameters


def _ridge(parameters: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The model, (n, voxel), and its derivatives, (n, voxel, 8); P = U'U with U = [[p5, p6], [0, p7]]."""
    section = offset[0]
    row = offset[1] - parameters[:, 1:2] - parameters[:, 3:4] * section
    column = offset[2] - parameters[:, 2:3] - parameters[:, 4:5] * section
    first, mixed, second = (parameters[:, number][:, None] for number in range(5, 8))
    upper, lower = first * row + mixed * column, second * column
    profile = np.exp(-0.5 * (upper**2 + lower**2))
    ridge = parameters[:, :1] * profile
    to_row, to_column = ridge * upper * first, ridge * (upper * mixed + lower * second)
    derivatives = [profile, to_row, to_column, to_row * section, to_column * section]
    derivatives += [-ridge * upper * row, -ridge * upper * column, -ridge * lower * column]
    return ridge, np.stack(derivatives, axis=2)
