"""Files as such: written whole or not at all, pictures opened without trusting them, WAV and CSV.

Below everything that reads or writes a file of a user's; calls errors.
"""
