"""The words that a candidate for Lean may not have more often than its reference: a first filter with a reason.

Any file can extend Lean's grammar, so this reading of it can be wrong.  Where a text has what Lean may cut in another
way than we do, the words in its comments and strings count too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from proofloom.assistants.lean.text.lexing import Kind, Token, tokens

FORBIDDEN = frozenset((
    "axiom", "opaque", "macro", "macro_rules", "syntax", "notation", "infix", "infixl", "infixr", "prefix", "postfix",
    "elab", "elab_rules", "declare_syntax_cat", "initialize", "builtin_initialize", "run_cmd", "run_elab", "run_meta",
    "run_tac", "by_elab", "set_option", "unsafe", "native_decide", "bv_decide", "implemented_by", "extern", "csimp",
    "sorryAx", "init_quot", "unif_hint", "attribute", "#eval", "#print", "app_unexpander", "app_delab", "delab",
    "command_elab", "term_elab", "tactic", "simproc", "dsimproc", "simproc_decl",
))  # fmt: skip
"""Words of code; attributes that make a function part of the elaborator are among them."""
_ASCII = re.compile(r"#?[A-Za-z_]+")


def words(text: str) -> Counter[str]:
    """How often each word stands in the code of a text: without guillemets and `_root_`, commands with their `#`.

    Raises `LexingError`.
    """
    found = list(tokens(text))
    if any(map(_doubtful, found)):
        return Counter(_ASCII.findall(text))
    return Counter(_words([token for token in found if token.kind is not Kind.COMMENT]))


def _words(found: list[Token]) -> Iterator[str]:
    for before, token in zip([None, *found], found, strict=False):
        if token.kind is Kind.WORD:
            word = token.text.replace("«", "").replace("»", "").removeprefix("_root_.")
            command = before is not None and before.text == "#" and before.end == token.start
            yield f"#{word.rstrip('!')}" if command else word


def _doubtful(token: Token) -> bool:
    """True for a string that may have code in it, and for a character that may be the end of a word and a quote."""
    if token.kind is not Kind.STRING:
        return False
    return '"' in token.text or "«" in token.text if token.text.startswith("'") else "{" in token.text
