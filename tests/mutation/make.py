"""Make the mutants of modules: `python -m mutation.make <module> …` prints them as JSON, one per line.

It runs in a separate environment with mutmut, whose operators define the mutants. They are applied to every statement
and expression, including those of properties, decorated functions and modules; the operators of DynamoDB's condition
expressions are mutated as well. Annotations, decorators and docstrings are not, and of mutmut's three mutations of a
string only the first is used.
"""

import re
import sys
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

import libcst
from libcst.metadata import MetadataWrapper, WhitespaceInclusivePositionProvider
from mutation.mutant import Mutant, source, written
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string

# Without an argument these raise at once, which says nothing about the tests.
PLAIN_CALLS: Final = frozenset({"len", "isinstance", "zip"})

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
CONDITIONS: Final = {
    "AND": "OR",
    "OR": "AND",
    "=": "<>",
    "<>": "=",
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "attribute_exists": "attribute_not_exists",
    "attribute_not_exists": "attribute_exists",
}
_CONDITION: Final = re.compile(r"(?<= )(?:AND|OR|<>|[<>]=?|=)(?= )|attribute_(?:not_)?exists")


class _Maker(libcst.CSTVisitor):
    METADATA_DEPENDENCIES = (WhitespaceInclusivePositionProvider,)

    def __init__(self, module: str, tree: libcst.Module) -> None:
        super().__init__()
        self.mutants: list[Mutant] = []
        self._module = module
        self._source = source(module)
        self._tree = tree
        self._scope: list[str] = []
        self._starts = [0, *accumulate(map(len, self._source.splitlines(keepends=True)))]

    def on_visit(self, node: libcst.CSTNode) -> bool:
        if isinstance(node, libcst.Annotation | libcst.Decorator | libcst.TypeAlias) or _asserts(node):
            return False
        if isinstance(node, libcst.FunctionDef | libcst.ClassDef):
            self._scope.append(node.name.value)
        self.mutants += (self._mutant(node, mutated) for mutated in _mutated(node))
        return True

    def on_leave(self, original_node: libcst.CSTNode) -> None:
        if isinstance(original_node, libcst.FunctionDef | libcst.ClassDef):
            self._scope.pop()

    def _mutant(self, node: libcst.CSTNode, mutated: libcst.CSTNode) -> Mutant:
        place = self.get_metadata(WhitespaceInclusivePositionProvider, node)
        start, end = (self._starts[point.line - 1] + point.column for point in (place.start, place.end))
        text = self._tree.code_for_node(mutated)
        was, now = _differing(self._source, self._source[:start] + text + self._source[end:])
        # A node may begin with whitespace.
        blank = end - start - len(self._source[start:end].lstrip())
        line = self._source.count("\n", 0, start + blank) + 1
        return Mutant(self._module, ".".join(self._scope), line, start, end, text, was, now)


def _mutated(node: libcst.CSTNode) -> Iterator[libcst.CSTNode]:
    if isinstance(node, libcst.SimpleString | libcst.FormattedStringText) and not node.value.startswith('"""'):
        for found in _CONDITION.finditer(node.value):
            yield node.with_changes(
                value=node.value[: found.start()] + CONDITIONS[found[0]] + node.value[found.end() :]
            )
    for kind, operator in mutation_operators:
        if isinstance(node, kind) and not (operator is operator_arg_removal and _is_plain(node)):
            mutated = list(operator(node))
            yield from mutated[:1] if operator is operator_string else mutated


def _is_plain(call: libcst.CSTNode) -> bool:
    return isinstance(call, libcst.Call) and isinstance(call.func, libcst.Name) and call.func.value in PLAIN_CALLS


def _asserts(node: libcst.CSTNode) -> bool:
    """Whether the node is the `strict` of a zip; those lists have equal lengths by construction."""
    return isinstance(node, libcst.Arg) and node.keyword is not None and node.keyword.value == "strict"


def _differing(before: str, after: str) -> tuple[str, str]:
    """Return the lines that differ, those of each side joined into one."""
    was, now = before.splitlines(), after.splitlines()
    while was and now and was[0] == now[0]:
        del was[0], now[0]
    while was and now and was[-1] == now[-1]:
        del was[-1], now[-1]
    return " ".join(map(str.strip, was)), " ".join(map(str.strip, now))


def _is_python(mutant: Mutant) -> bool:
    try:
        compile(mutant.source, mutant.module, "exec")
    except SyntaxError:
        return False
    return True


def mutants_of(module: str) -> Iterator[Mutant]:
    wrapper = MetadataWrapper(libcst.parse_module(source(module)))
    maker = _Maker(module, wrapper.module)
    wrapper.visit(maker)
    return (mutant for mutant in maker.mutants if mutant.was != mutant.now and _is_python(mutant))


if __name__ == "__main__":
    for path in sys.argv[1:]:
        sys.stdout.write(written(mutants_of(path)))
