"""Tilt series that are still being written: followed frame by frame, and turned into lines when they are complete."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
