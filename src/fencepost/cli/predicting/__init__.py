"""What `fencepost predict` takes and gives: images and rows of tables, and their results."""
