"""Pictures of images and kernels: weights, windows over a grid, an image before and after."""
