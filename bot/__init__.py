"""The running program: settings, wiring, the command line, what runs side by side."""
