"""Networks: training and predicting beside PyTorch, ONNX Runtime, OpenVINO and JAX."""
