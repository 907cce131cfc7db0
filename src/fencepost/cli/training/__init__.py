"""What `fencepost train` is made of: its options, in groups, and what each group sets."""
