"""Language models of tactics: tokenizer, prompts, building, saving and loading; imports torch and transformers."""
