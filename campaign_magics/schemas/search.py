"""Which schemas a few words mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .store import SchemaSummary


def search(summaries: Iterable[SchemaSummary], text: str) -> list[SchemaSummary]:
    """Return the schemas that hold every word of ``text``, best first.

    Words are looked for in the name, the labels and the description, whatever their
    case; a name counts more than a label, a label more than a description, the
    beginning of one more than its middle.  No word finds all.
    """
    words = text.casefold().split()
    ranked = [
        (ranks, summary.id, summary)
        for summary in summaries
        if (ranks := _ranks(summary, words)) is not None
    ]
    return [summary for *_, summary in sorted(ranked, key=lambda item: item[:2])]


def _ranks(summary: SchemaSummary, words: Sequence[str]) -> list[int] | None:
    """Return how well each word fits, the worst first; None when one does not."""
    name = summary.id.casefold()
    labels = f"{summary.label}\n{summary.label_singular}".casefold()
    description = summary.description.casefold()
    ranks = [_rank(word, name, labels, description) for word in words]
    return None if None in ranks else sorted((r or 0 for r in ranks), reverse=True)


def _rank(word: str, name: str, labels: str, description: str) -> int | None:
    short = name.partition(":")[2]
    if word in (name, short):
        return 0
    if name.startswith(word) or short.startswith(word):
        return 1
    for rank, text in ((2, name), (3, labels), (4, description)):
        if word in text:
            return rank
    return None
