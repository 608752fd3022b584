"""The practice Slack workspace: people, channels, messages, and Slack's rules for them."""
