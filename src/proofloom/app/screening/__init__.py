"""The verb `screen`: is a hole worth trying?  Questions that the gate answers, before any search."""
