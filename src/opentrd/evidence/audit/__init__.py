"""The auditor: what in a published table or text contradicts itself, its references or the study rows.

``audit(paths)`` reads files and returns a ``Report`` with findings and questions; ``RULES`` lists every rule with what it
asserts, its arithmetic and its source. Nothing here needs a patient.
"""

from opentrd.evidence.audit.model import Finding
from opentrd.evidence.audit.registry import RULES, Rule
from opentrd.evidence.audit.run import Report, audit

__all__ = ["RULES", "Finding", "Report", "Rule", "audit"]
