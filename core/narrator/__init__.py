"""The language model: what it is asked, how it writes, what it may say."""
