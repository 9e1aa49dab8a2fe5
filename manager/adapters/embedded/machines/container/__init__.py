"""A machine that is a systemd container: what an instance runs on where EMBEDDED_MACHINE is `container`."""
