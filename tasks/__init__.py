"""Everything that touches the outside, used by the flows: people, gateways, documents, Prefect.

Functions here take an `Office` (the book, the policy and the settings of this installation) and
plain values; those that matter on the timeline of a run are Prefect tasks.
"""
