"""The outer ring: Slack, settings, command line, composition, practice lab."""
