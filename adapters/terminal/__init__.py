"""The terminal: one person and the narrator, live on a tty, plain lines through a pipe."""
