from .architectures import new_network as new_network
from .compute_precision import (
    autocast as autocast,
    best_device as best_device,
    computing_words as computing_words,
    resolve_precision as resolve_precision,
)
from .unets import DenoisingNetwork as DenoisingNetwork
