"""Files as such: written atomically, pictures opened without trusting them, tables and sound."""
