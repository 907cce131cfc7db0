"""What augmentation needs beside its fields: the text of it, and what it may do to images."""
