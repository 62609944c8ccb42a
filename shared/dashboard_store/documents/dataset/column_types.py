"""The type of a column, inferred incrementally from its cells.

A text is a number only if the number comes back as that text: a column has one form, in which each of its values has
one text. What is not a number or a date for that reason alone is a text, and a note says which reading would fit.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from dashboard_store.documents.dataset.column_forms import DATE, DATETIME, END, INTEGER, SHORTEST, Form, forms_of
from dashboard_store.documents.dataset.column_notes import Note, Offers
from dashboard_store.documents.dataset.readings import ColumnType, Format


class CsvColumn:
    """The type of a CSV file's column: the narrowest form that all texts so far have."""

    def __init__(self) -> None:
        self._first: str | None = None
        self._forms: list[Form] = []
        self._offers = Offers("")
        self._misfit: tuple[int, str] | None = None
        self._held: Form | None = None

    def add(self, cells: Sequence[str], row: int) -> None:
        """Add the texts of some rows, of which the first has this number; an empty text is an empty cell."""
        present = [cell for cell in cells if cell] if "" in cells else cells
        if not present:
            return
        if self._first is None:
            self._first = present[0]
            self._forms = forms_of(self._first)
            self._offers = Offers(self._first)
            if not self._forms:
                self._misfit = row + cells.index(self._first), self._first
        if not self._forms and not self._offers.left:
            return
        text = END.join(present) + END
        if self._forms:
            self._narrow(present, text, cells, row)
        self._offers.narrow(self._forms, present, text)

    @property
    def type(self) -> ColumnType:
        return self._forms[0].type if self._forms else "string"

    @property
    def format(self) -> Format | None:
        return self._forms[0].format if self._forms else None

    def note(self) -> Note | None:
        """Return why the column is text, if it is close to something else."""
        return None if self._misfit is None or self._forms else self._offers.note(*self._misfit, self._held)

    def _narrow(self, present: Sequence[str], text: str, cells: Sequence[str], row: int) -> None:
        left: list[Form] = []
        last = -1
        for form in self._forms:
            # Every integer is also the shortest text of a number.
            misfit = None if form is SHORTEST and INTEGER in left else form.misfit(present, text)
            if misfit is None:
                left.append(form)
            else:
                last = max(last, misfit)
        if not left:
            self._held = self._forms[0]
            place = last if present is cells else [index for index, each in enumerate(cells) if each][last]
            self._misfit = row + place, present[last]
        self._forms = left


def notes(columns: Mapping[str, CsvColumn]) -> Iterator[dict[str, Any]]:
    """Yield the notes of a table's columns as `dataSchema` shows them."""
    for name, column in columns.items():
        if note := column.note():
            yield note.document(name)


class JsonColumn:
    """The type of a JSON table's column: that of its values, or a date type if all texts are dates."""

    def __init__(self) -> None:
        self._kinds: set[type] = set()
        self._of_text: list[Form] = [DATE, DATETIME]

    def add(self, cells: Collection[Any]) -> None:
        self._kinds.update(map(type, cells))
        self._kinds.discard(type(None))
        if self._kinds == {str} and self._of_text:
            present = [cell for cell in cells if cell is not None]
            self._of_text = [each for each in self._of_text if each.misfit(present, "") is None]

    @property
    def type(self) -> ColumnType:
        if self._kinds == {bool}:
            return "boolean"
        if self._kinds == {int}:
            return "integer"
        if self._kinds and self._kinds <= {int, float}:
            return "number"
        return self._of_text[0].type if self._kinds == {str} and self._of_text else "string"
