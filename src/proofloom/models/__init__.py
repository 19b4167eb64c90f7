"""Models: tokenizer, building, loading, engines."""
