"""Language models of tactics: tokenizer, prompts, building, saving and loading, generation engines."""
