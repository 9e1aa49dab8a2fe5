"""Reads the models that were used last into the page cache, while ComfyUI starts."""
