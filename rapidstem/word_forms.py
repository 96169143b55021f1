"""Singular and plural of words beside a number."""


def word_form(number: int, one: str, many: str = "") -> str:
    """The word that stands beside a number.

    Parameters
    ----------
    number
        How many there are.
    one
        The word beside 1.
    many
        The word beside every other number; the default is `one` with an s.

    Returns
    -------
    str

    Examples
    --------
    >>> word_form(1, "frame"), word_form(0, "frame"), word_form(2, "is", "are")
    ('frame', 'frames', 'are')
    """
    return one if number == 1 else many or f"{one}s"
