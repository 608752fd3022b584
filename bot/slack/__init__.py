"""Everything that speaks Slack's language: Web API, Socket Mode, limits, text, manifest, refusals."""
