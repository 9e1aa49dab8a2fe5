"""When the box powers itself off, manager or no manager."""
