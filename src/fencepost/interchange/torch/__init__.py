"""PyTorch modules, traced on the meta device."""
