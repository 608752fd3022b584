"""The subcommands of `rootver`, one module for each kind; `bot.cli` loads them when they are called."""
