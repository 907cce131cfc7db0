"""What computes the steps of a training: the engine, or PyTorch, in one process or many."""
