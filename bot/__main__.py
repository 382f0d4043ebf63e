"""`python -m bot` is `taleturn`."""

from bot.cli import main

main()
