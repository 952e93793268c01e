"""Feeds: CSV and XLSX files of the core banking system, taken into the book all or nothing.

`take_in` is the whole public face. Read in this order: `kinds` (what a feed holds), `values` (how a
cell is read), `files`, `mapping`, `reading` (from file to checked rows), `shelf`, `owed`, `shelves` (where
they stand in the book), `taking` (the import as a whole). docs/feeds.md is for the person with the file.
"""

from postloan.feeds.faults import Fault
from postloan.feeds.kinds import KINDS
from postloan.feeds.taking import Outcome, take_in

__all__ = ["KINDS", "Fault", "Outcome", "take_in"]
