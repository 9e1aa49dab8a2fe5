"""What the doctor looks at, one module for each place where something may be wrong."""
