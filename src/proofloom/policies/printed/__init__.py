"""What printed goals, terms and tactics say, as far as a policy needs it.  Light reading; nothing here is trusted."""
