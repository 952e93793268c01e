"""Reports over the whole book: the pack of the monthly post-loan meeting (贷后管理例会材料), and how officers
and branches did (考核评价).

`performance` and `monthly` ask the book and give plain values; `sheets` puts these into words, `charts`
and `workbook` into pictures and spreadsheets.
"""
