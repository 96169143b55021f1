from .patch_sampling import PatchBatch as PatchBatch
from .sampler_choice import lesson_sampler as lesson_sampler
from .synthetic_pairs import Sampler as Sampler
