"""Chat platforms: updates in, replies out."""
