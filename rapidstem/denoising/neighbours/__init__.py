"""A filter that learns from one tilt series alone, whose frames are predicted from their neighbours in tilt."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
