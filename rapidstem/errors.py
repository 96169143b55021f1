"""The errors that a user can remedy."""


class InputError(ValueError):
    """Something given by the user is wrong; the message names the file, the row or key, and the remedy."""


class ResourceError(InputError):
    """The machine has too little of something for a job; the data are not to blame."""
