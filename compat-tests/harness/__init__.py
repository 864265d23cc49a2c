"""The differential harness: two servers, one configuration text, the same request bytes, every difference
named."""
