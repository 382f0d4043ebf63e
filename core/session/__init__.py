"""The story-session engine: all of core that adapters may import."""
