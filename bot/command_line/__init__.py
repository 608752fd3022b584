"""The subcommands of `rootver`, one module for each kind; `main` loads them when they are called."""
