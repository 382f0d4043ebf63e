"""Discord: slash commands, buttons and modals in; messages out. No message content is read."""
