"""The self-check, for the chat and for the command line: settings, Slack, management hosts, database."""
