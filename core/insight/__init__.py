"""Explain: where a passage came from and what it rests on."""
