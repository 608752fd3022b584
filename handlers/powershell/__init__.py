"""Package data: the RootVer module, the contract schemas and the endpoint set-up."""
