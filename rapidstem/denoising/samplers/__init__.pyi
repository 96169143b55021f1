from .patch_sampling import PatchBatch as PatchBatch
from .sampler_choice import new_sampler as new_sampler
from .synthetic_pairs import Sampler as Sampler
