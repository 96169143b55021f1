"""The error that a user can cause and remedy."""


class InputError(ValueError):
    """Something given by the user is wrong; the message names the file, the row or key, and the remedy."""
