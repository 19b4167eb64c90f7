"""The library database: its tables and their history, what writes, reads and deletes rows; and files of arrays."""
