"""What `fencepost train` is made of: its options, in groups, their checks, and sample data."""
