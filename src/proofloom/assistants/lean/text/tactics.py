"""Which texts a session runs as a tactic: one tactic block, never a command, never a hole.

This is a filter that keeps a search from wandering off: what ends a proof early, opens a command or admits a goal is
refused before Lean sees it.  What is proved is decided by the gate alone.
"""

from __future__ import annotations

from functools import lru_cache

from proofloom.assistants.lean.text.lexing import CLOSING, OPENING, Kind, LexingError, code

HOLES = frozenset(("sorry", "admit", "stop", "sorryAx"))
"""Words that leave a goal unproved."""
COMMANDS = frozenset((
    "theorem", "lemma", "def", "abbrev", "axiom", "opaque", "example", "instance", "inductive", "coinductive",
    "structure", "class", "namespace", "section", "end", "variable", "universe", "import", "module", "prelude",
    "attribute", "macro", "macro_rules", "syntax", "notation", "infix", "infixl", "infixr", "prefix", "postfix",
    "elab", "elab_rules", "declare_syntax_cat", "initialize", "builtin_initialize", "export", "mutual", "run_cmd",
    "run_elab", "run_meta", "deriving", "unsafe", "partial", "noncomputable", "private", "protected", "set_option",
    "public", "meta", "init_quot", "gen_injective_theorems", "add_decl_doc", "register_option", "register_simp_attr",
    "recall", "unif_hint", "include", "omit", "compile_inductive",
))  # fmt: skip
"""Words that begin a command, or stand before one."""
REFUSED = HOLES | COMMANDS | {"native_decide", "run_tac", "bv_decide"}
_ASKING = frozenset(("eval", "check", "print", "reduce", "synth", "exit", "guard_msgs", "where", "help", "version"))


class NotATactic(ValueError):
    """The text is not a tactic that a session runs; the message says why."""


@lru_cache(maxsize=65536)
def tactic_text(tactic: str) -> str:
    """The text of a tactic without blanks around it; raises `NotATactic`.

    It may span lines; brackets match, and comments and strings end in it.
    """
    text = "\n".join(line.rstrip() for line in tactic.replace("\r\n", "\n").replace("\t", "  ").strip().split("\n"))
    depth: list[str] = []
    before = None
    empty = True
    try:
        for token in code(text):
            empty = False
            if token.kind is Kind.WORD and token.text in REFUSED:
                raise NotATactic(f"not a tactic: {token.text} is refused")
            if token.kind is Kind.WORD and before == "#" and token.text in _ASKING:
                raise NotATactic(f"not a tactic: #{token.text} is refused")
            if token.kind is Kind.SIGN and token.text in OPENING:
                depth.append(CLOSING[OPENING.index(token.text)])
            elif token.kind is Kind.SIGN and token.text in CLOSING and (not depth or depth.pop() != token.text):
                raise NotATactic(f"not a tactic: the brackets of {tactic!r} do not match")
            before = token.text
    except LexingError as error:
        raise NotATactic(f"not a tactic: {error}") from error
    if empty:
        raise NotATactic("not a tactic: the text is empty")
    if depth:
        raise NotATactic(f"not a tactic: the brackets of {tactic!r} do not match")
    return text
