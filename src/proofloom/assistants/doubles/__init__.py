"""Stand-ins for a proof assistant: a game of our own, dialogues of a real one played back, and a server that lies."""
