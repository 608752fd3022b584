"""`python -m bot` is `rootver`."""

from bot.command_line.main import main

if __name__ == "__main__":
    main()
