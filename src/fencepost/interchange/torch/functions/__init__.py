"""What calls of PyTorch's functions do, by rules: one for each function, or a few of them."""
