"""The record and its proof: records in a hash chain, their one form as text, their kinds, and the check."""
