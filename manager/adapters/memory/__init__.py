"""A cloud in memory that ships with the program, for benchmarks and for tests of what stands above the port."""

from manager.adapters.memory.cloud import MemoryCloud

__all__ = ["MemoryCloud"]
