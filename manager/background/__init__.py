"""The only loop."""
