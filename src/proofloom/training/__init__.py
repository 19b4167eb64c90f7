"""Training a language model on traced steps, with or without the flow loss; imports torch and transformers."""
