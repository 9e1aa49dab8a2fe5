"""Fetches the model list in the background."""
