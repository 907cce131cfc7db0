"""What several commands share: their options, their input and output, their words."""
