"""A language model that writes tactics: the policy, the folder that it comes from, hints for what it learns from."""
