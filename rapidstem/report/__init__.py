"""The page that a person opens at the end: what was found, whether it can be trusted, and how every stage looks."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
