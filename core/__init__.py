"""What the bot is, without any chat platform."""
