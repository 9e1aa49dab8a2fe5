"""gpubox: a GPU box in the cloud that is there when you work and gone when you don't."""

__version__ = "0.1.0"
