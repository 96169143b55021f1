"""Tilt angles, shifts and the tilt axis of a series."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
