"""The rules of the business: pure functions of plain values, one module per noun.

No session, no clock, no file: `today` is always a parameter, money is Decimal, dates are dates.
Each public function names the id of its rule (docs/rules.md).
"""
