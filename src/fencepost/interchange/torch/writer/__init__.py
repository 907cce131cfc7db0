"""Networks of our own as PyTorch modules: `fencepost.interchange.torch.writer.export`."""
