"""Trained models that the configuration names: their files, and what tells them from others."""


def model_files(path):
    """Card, weights and losses of the trained model that a setting names."""
    return [str(model_folder(path) / name) for name in (CARD, WEIGHTS, LOSSES)]


def model_mark(denoiser, setting):
    """The mark of the contents of the trained model that a denoiser's setting names."""
    path = getattr(SESSION.settings_of(denoiser), setting)
    return [content_mark(file) for file in model_files(path)] if path else []


def given_model(denoiser, setting):
    """The files of the trained model that a denoiser's setting names, `ancient` as raw files are: its card, weights and losses; nothing
    where none is named, and of the model that comes with the code, whose place is no matter of the session.
    """
    path = getattr(SESSION.settings_of(denoiser), setting)
    named = path and path != GENERAL
    return ancient(own_files(model_files(path))) if named else []
