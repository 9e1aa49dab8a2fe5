"""Machines: what an instance runs on. `machine` is the seam, `process` the machine that is a process."""
