"""Dislocation lines that move: followed in single views, in the planes that a tomogram has shown."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
