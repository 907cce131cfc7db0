"""Tables of text: signals in rows, images in rows of pixels, and what is no table of text."""
