"""The book: the institution's memory of its loans and of everything that was done about them.

`engine` opens it, `tables` are its nouns, `audit` its unbroken trail; the other modules hold the
questions and changes of one noun each. A change and its audit event are one transaction.
"""

from postloan.book.engine import Book, Writer

__all__ = ["Book", "Writer"]
