"""postloan: the domain of post-loan management (贷后管理), free of Prefect and of any network.

`rules` are pure functions of plain values, `policy` is what the institution has laid down,
`calendar` knows the working days, `book` is the memory. Flows and tasks live beside this
package and import it; it imports neither.
"""

__version__ = "0.1.0"
