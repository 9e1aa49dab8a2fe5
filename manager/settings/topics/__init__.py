"""The settings, one class per topic."""
