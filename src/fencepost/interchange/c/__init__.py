"""Networks of our own as C: one header for a microcontroller or a program: `export` writes it."""
