"""The verb `inspect`: the levels of a state, and where the attention of models goes in it."""
