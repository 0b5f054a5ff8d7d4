"""A slow, obvious, plain-Python reading of docs/rules.md, to hold against the SQL.

Written from the rules, the papers and the contract, never from the SQL. It works on sets of days (ordinals of
``datetime.date``), one person at a time, and knows nothing of engines. ``assess`` is its face for trials, verdicts and
stages; ``fit.assess_person`` reads docs/fit-*.md in the same way: ratings, values, outcomes, genes, findings, domains, options.
"""

from reference.assessment import assess

__all__ = ["assess"]
