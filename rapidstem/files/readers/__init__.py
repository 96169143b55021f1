"""Raw files of microscopes: one module a format, each telling what the file says and nothing that it does not."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
