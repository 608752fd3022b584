"""The remote: commands of the RootVer module over PSRP. Nothing else in the product imports pypsrp."""
