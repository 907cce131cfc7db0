"""What the training loop needs beside its steps: a clock, when to stop, Ctrl-C, a bar."""
