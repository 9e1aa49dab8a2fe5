"""Instances: one document each, with what the user set, the timeline, and what the guest is up to."""
