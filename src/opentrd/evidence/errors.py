"""The one error of this wing: it says where the fault lies, what was expected and what to do."""

from __future__ import annotations


class EvidenceError(ValueError):
    """Studies that cannot be used as they stand; the command line prints the message and exits with 2.

    ``place``: file, row and field in words; ``value``: what stands there; ``expected``: what should; ``advice``: what to
    do. A fault that has no single place (one study only, say) gives only a text.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        row: int | str | None = None,
        field: str | None = None,
        value: object = None,
        expected: str | None = None,
        advice: str | None = None,
    ) -> None:
        self.file, self.row, self.field, self.value = file, row, field, value
        self.expected, self.advice = expected, advice
        place = ", ".join(
            part
            for part in (
                file,
                f"row {row}" if row is not None else None,
                f"field {field}" if field is not None else None,
            )
            if part
        )
        said = f"{place}: {message}" if place else message
        if value is not None:
            said += f" (found {_shown(value)})"
        said = said.rstrip(".") + "."
        if expected:
            said += f" Expected: {expected.rstrip('.')}."
        if advice:
            said += f" What to do: {advice.rstrip('.')}."
        super().__init__(said)


def _shown(value: object, longest: int = 60) -> str:
    """A value as it is printed in a message: quoted when it is text, cut when it is long."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= longest else text[: longest - 3] + "..."
