"""The pages and interfaces for those who run the house: calls, one call, the figures."""
