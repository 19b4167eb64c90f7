"""Which words of a tactic may be names of constants: what is neither a tactic, a keyword, nor bound on the spot.

Rocq says what a name means (`Locate`), but not whether a word in a tactic is a name at all; that is decided here by
where the word stands.  How often this is right is measured against the compiler's own record of the same files.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from proofloom.assistants.rocq.sentences import SourceError, masked
from proofloom.assistants.rocq.vernacular import NAME

_TOKEN = re.compile(rf"%?@?\??{NAME}(?:\.{NAME})*|:=|=>|\|\||<-|->|[(\[{{]|[)\]}}]|[;|,+:]")
_KEYWORDS = frozenset((
    "after", "as", "at", "before", "by", "cofix", "context", "do", "else", "end", "eqn", "exists", "exists2", "fix",
    "forall", "fun", "goal", "if", "in", "into", "is", "let", "match", "of", "return", "reverse", "struct", "then",
    "type", "using", "where", "with", "Prop", "Set", "SProp", "Type", "_",
))  # fmt: skip
# After one of these a tactic follows.
_TACTICALS = frozenset((
    "try", "repeat", "do", "progress", "once", "exactly_once", "now", "by", "abstract", "time", "solve", "first", "tryif",
    "then", "else", "only", "assert_succeeds", "assert_fails", "unshelve", "infoH", "timeout", "in_tactic", "easy_in",
))  # fmt: skip
_BEFORE_TACTIC = frozenset((";", "[", "|", "||", "+", "=>", "(", "["))
_MATCHES = frozenset(("match", "lazymatch", "multimatch"))
# What stands behind one of these up to the end of the tactic, or up to one of the words named, are new names.
_INTRODUCE = frozenset(("intros", "intro", "eintros"))
# The names behind `with` are hint databases.
_DATABASES = frozenset((
    "auto", "eauto", "trivial", "debug", "info_auto", "info_eauto", "autorewrite", "autounfold", "firstorder",
    "intuition", "dintuition", "tauto", "new_auto", "typeclasses", "rewrite_strat", "bfs", "dfs",
))  # fmt: skip
_NAMED = frozenset(("assert", "eassert", "enough", "eenough", "set", "eset", "pose", "epose", "remember", "cut"))


def names_in(tactic: str, local: Collection[str]) -> list[str]:
    """The words of `tactic` that may be constants, each once, in order; `local` are the names of the goal's context.

    Qualified names are whole, without a leading `@`.
    """
    try:
        text = masked(tactic.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    except SourceError:
        return []
    return list(dict.fromkeys(_Scan(text, set(local)).names()))


@dataclass(slots=True)
class _Open:
    """An open bracket: whether a tactic may start inside it, and the tactic that was going on outside."""

    bracket: str
    tactic: bool
    head: str
    pattern: bool


class _Scan:
    """One pass over the tokens of a tactic."""

    def __init__(self, text: str, local: set[str]) -> None:
        self._text = text
        self._tokens = [(token[0], token.start()) for token in _TOKEN.finditer(text)]
        self._local = local
        self._stack: list[_Open] = []
        self._head = ""
        """The tactic whose arguments are being read; empty where a tactic may begin."""
        self._pattern = False
        """True where names are introduced: after `intros` and `as`."""
        self._binding = ""
        """`fun` or `forall` while its binders are read, `let` until its `:=`."""
        self._databases = False

    def names(self) -> Iterator[str]:
        """The names, with repetitions."""
        for number, (token, start) in enumerate(self._tokens):
            if not (token[0].isalpha() or token[0] in "_@%?"):
                self._mark(token)
                continue
            if token[0] in "%?":
                continue
            word = token.removeprefix("@")
            if self._keyword(word):
                continue
            after = self._tokens[number + 1][0] if number + 1 < len(self._tokens) else ""
            before = self._tokens[number - 1][0] if number else ""
            if not self._head and token == word:
                self._begin(word)
            elif self._bound(word, before, after):
                self._local.add(word)
            elif not self._databases and word.split(".")[0] not in self._local:
                yield word
