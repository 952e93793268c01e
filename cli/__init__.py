"""The command line: thin, at the top. Every command opens the office, calls one thing, prints it."""
