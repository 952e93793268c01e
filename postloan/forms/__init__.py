"""The forms that people fill in. Titles are what they see, in Chinese and English.

A form holds the business fields only; the human step adds who signs and with which code. No field
is optional in type: an empty string means that nothing was to be said.
"""
