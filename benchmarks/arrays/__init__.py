"""Arrays: convolution, filtering and pooling beside SciPy, OpenCV, NumPy and Pillow."""
