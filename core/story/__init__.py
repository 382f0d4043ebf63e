"""The story itself: passages in a tree, and what can be asked of it without a database."""
