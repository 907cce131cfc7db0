"""What single picture formats need beyond Pillow: deep colour, TIFF, metadata."""
