"""What went wrong, as Campaign words it (protocol.md §2.3 and §12)."""

from __future__ import annotations

from ...schemas.model import Schema


class Refused(Exception):
    """A query the engine will not run; the text is the fault's detail."""


class BadExpression(Refused):
    """A cause found while reading an expression, not yet tied to its text."""

    def __init__(self, cause: str, code: str) -> None:
        super().__init__(cause)
        self.code = code

    def within(self, source: str) -> Refused:
        """Tie the cause to the expression it stands in."""
        return Refused(f"{self} {self.code} Unable to parse expression '{source}'.")


def bad_path(cause: str) -> BadExpression:
    """A path that leads nowhere: XTK-170036."""
    return BadExpression(cause, "XTK-170036")


def bad_function(cause: str) -> BadExpression:
    """A function that does not exist or cannot stand here: XTK-170006."""
    return BadExpression(cause, "XTK-170006")


def bad_operand(cause: str) -> BadExpression:
    """An operand that is missing or of the wrong kind: XTK-170037."""
    return BadExpression(cause, "XTK-170037")


def unknown_step(step: str, schema: Schema) -> BadExpression:
    """Name the attribute or element that a schema does not have."""
    kind, name = ("attribute", step[1:]) if step.startswith("@") else ("element", step)
    where = f"(see definition of schema '{schema.label or schema.name} ({schema.id})')"
    return bad_path(f"Unknown {kind} '{name}' {where}.")
