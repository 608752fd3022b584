"""The workspace over the network: Web API and Socket Mode."""
