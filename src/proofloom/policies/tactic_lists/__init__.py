"""Lists of tactics that are made from the goal and the text before the theorem: policies that need no training."""
