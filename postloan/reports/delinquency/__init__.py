"""Reports of delinquency: ageing (逾期期次), roll rates (迁徙率), cures (还清逾期), vintages (账龄), promises kept
(承诺兑现), recoveries by measure (清收).

`month_ends` works out where every loan stood at the end of each month, once; `ageing`, `rolls`, `vintage`,
`promises` and `recoveries` ask the book and give plain values, `pack` puts them together. `sheets`, `notes` and
`charts` put these into words and pictures, `printing` onto paper.
"""
