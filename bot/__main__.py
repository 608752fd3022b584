"""`python -m bot` is `rootver`."""

from bot.cli import main

if __name__ == "__main__":
    main()
