"""Pictures, one module per family; matplotlib is imported when one is drawn.

Below the command line and above everything else: plots may ask sizing and networks, never cli.
"""
