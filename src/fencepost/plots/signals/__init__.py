"""Pictures of signals: samples before and after a convolution, and its sums written out."""
