"""Recording, training and judging of what is learned."""

import os

# PyTorch reads this at its first allocation. On Linux, large tensors then lie in pages of 2 MiB, which saves
# a tenth of a training step; elsewhere it has no effect.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
