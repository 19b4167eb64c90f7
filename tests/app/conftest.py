"""What the tests of several verbs share."""

from split_library import here, library_file

__all__ = ["here", "library_file"]
