"""QuestionnaireResponse -> measurement, for the items whose LOINC code is a known measure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opentrd.record.fhir.codes import Codes
from opentrd.record.fhir.elements import Resource, day, objects, text
from opentrd.record.fhir.intake import Entry, Intake
from opentrd.record.fhir.observation import add_measurement, add_sum, read_value

_COMPLETE = {"completed", "amended"}
_LOINC = re.compile(r"\d{1,7}-\d(?!\d)")


def read_questionnaire_response(entry: Entry, intake: Intake) -> None:
    """Read every answer with a known code; a missing PHQ-9 total is summed if all nine items are there."""
    resource = entry.resource
    questionnaire = text(resource.get("questionnaire"))
    items = list(_items(resource))
    known = [(item, measure) for item in items if (measure := _measure(item, intake.codes))]
    if not known:
        entry.note_code(
            questionnaire or "; ".join(text(item.get("linkId")) for item in items)[:80], "measure"
        )
        return
    status = text(resource.get("status"))
    if status not in _COMPLETE:
        entry.note(
            "status", questionnaire, f"status {status or 'missing'}: expected completed or amended, not used"
        )
        return
    person = entry.person("subject")
    if person is None:
        return
    date = day(resource.get("authored"))
    scores: dict[str, str] = {}
    for item, measure in known:
        answers = objects(item.get("answer"))
        if len(answers) != 1:
            reason = "several answers to one question" if answers else "no answer"
            entry.note(text(item.get("linkId")), measure, f"{reason}: not used")
            continue
        result = read_value(answers[0], measure, intake.codes)
        add_measurement(
            entry, person, measure, date, result, suffix=f"#{text(item.get('linkId')).lstrip('/')}"
        )
        scores[measure] = result.value
    read = {id(item) for item, _ in known}
    for item in items:
        if id(item) not in read and objects(item.get("answer")):
            entry.note(
                text(item.get("linkId")),
                text(item.get("text"))[:80],
                "no measure of OpenTRD is this question",
            )
    add_sum(entry, person, date, scores)


def _items(holder: Resource) -> Iterator[Resource]:
    """All items, also those nested in groups and under answers."""
    for item in objects(holder.get("item")):
        yield item
        yield from _items(item)
        for answer in objects(item.get("answer")):
            yield from _items(answer)


def _measure(item: Resource, codes: Codes) -> str | None:
    """The measure that the item's linkId or definition names by its LOINC code (the last one in the path)."""
    for place in (text(item.get("linkId")), text(item.get("definition"))):
        for code in reversed(_LOINC.findall(place)):
            found = codes.measures.find("LOINC", code)
            if found and not objects(item.get("item")):
                return found[0]
    return None
