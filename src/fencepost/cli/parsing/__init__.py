"""How a command line is read: its words, its groups of options, its help, and its mistakes."""
