"""What proves to a provider who asks: keys, and tokens of a cloud's that are kept fresh."""
