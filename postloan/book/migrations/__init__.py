"""The book's versions. A change of tables is a new file in versions/ (docs/extending.md)."""
