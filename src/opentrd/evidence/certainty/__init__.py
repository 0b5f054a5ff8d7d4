"""How far evidence can be relied on: judging tools as data, GRADE and CINeMA-type proposals, overlap of reviews.

Everything here proposes, with its numbers and the rules that fired; a person decides, and :mod:`.decisions` keeps who
decided what and why. Public: :func:`judge` (a tool and answers), :func:`prefill_rob2` and :func:`functional_unblinding`,
:func:`trial_indirectness`, :func:`propose_grade`, :func:`propose_cinema`, :func:`covered_area`, :class:`DecisionLog`.
"""

from opentrd.evidence.certainty.cinema import propose_cinema
from opentrd.evidence.certainty.decisions import DecisionLog, PersonsDecision
from opentrd.evidence.certainty.grade import GradeProposal, propose_grade
from opentrd.evidence.certainty.indirectness import trial_indirectness
from opentrd.evidence.certainty.overlap import Overlap, covered_area, known_inclusions
from opentrd.evidence.certainty.tools import ToolJudgement, judge
from opentrd.evidence.certainty.unblinding import functional_unblinding, prefill_rob2

__all__ = [
    "DecisionLog",
    "GradeProposal",
    "Overlap",
    "PersonsDecision",
    "ToolJudgement",
    "covered_area",
    "functional_unblinding",
    "judge",
    "known_inclusions",
    "prefill_rob2",
    "propose_cinema",
    "propose_grade",
    "trial_indirectness",
]
