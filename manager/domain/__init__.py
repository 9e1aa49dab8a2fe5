"""Decisions only: standard library, no I/O, no clock of its own."""
