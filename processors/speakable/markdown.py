"""What markdown-it-py decides for us: which block a line opens, table rows, link tails."""

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.helpers import parseLinkDestination, parseLinkTitle
from markdown_it.rules_block.html_block import HTML_SEQUENCES
from markdown_it.token import Token

# One level is enough: the lines' containers are taken off one by one (blocks.py).
_PARSER = MarkdownIt("commonmark", {"maxNesting": 1}).enable("table")
_TABLE_PARSER = MarkdownIt("commonmark").enable("table")
_KINDS = {
    "blockquote_close": "quote",
    "bullet_list_close": "list",
    "ordered_list_close": "list",
    "heading_close": "heading",
    "hr": "rule",
    "fence": "fence",
    "code_block": "code",
    "html_block": "html",
}
_LINK_TAIL_MAX_CHARS = 2000
_TITLE_SO_FAR = (
    r"""(?:"(?:[^"\\]|\\.)*(?:"\s*)?|'(?:[^'\\]|\\.)*(?:'\s*)?|\((?:[^()\\]|\\.)*(?:\)\s*)?)?"""
)
_LINK_TAIL_SO_FAR = re.compile(
    rf"\(\s*(?:<(?:[^<>\n\\]|\\.)*(?:>(?:\s+{_TITLE_SO_FAR})?)?|[^\s<]\S*(?:\s+{_TITLE_SO_FAR})?)?\\?",
    re.DOTALL,
)


def _blocks(parser: MarkdownIt, source: str) -> list[Token]:
    tokens: list[Token] = []
    parser.block.parse(source, parser, {}, tokens)
    return tokens


@dataclass(frozen=True)
class Opened:
    """The block that a line opens. markup: a fence's marks, or a heading's underline."""

    kind: str
    markup: str = ""


def opened_by(line: str, *, in_paragraph: bool) -> Opened:
    """Tell which block a line opens ("text", "underline", "quote", "list", "heading", …).

    line: without the marks of the blocks it is inside, tabs as spaces.
    in_paragraph: the line before it is an open paragraph, which the line may continue.
    """
    tokens = _blocks(_PARSER, f"x\n{line}" if in_paragraph else line)
    if not tokens:
        return Opened("text")
    last = tokens[-1]
    if last.type == "heading_close" and last.markup in ("=", "-"):
        return Opened("underline", last.markup)
    return Opened(_KINDS.get(last.type, "text"), last.markup)


def html_end(line: str) -> tuple[re.Pattern[str], bool]:
    """Return what ends the HTML block that this line opens, and whether it has text to say."""
    line = line.lstrip(" ")
    for number, (opening, closing, _) in enumerate(HTML_SEQUENCES):
        if opening.search(line):
            return closing, number >= 5
    return HTML_SEQUENCES[-1][1], True


def is_table(header: str, delimiter: str) -> bool:
    """Tell whether two lines open a table."""
    return any(t.type == "table_open" for t in _blocks(_TABLE_PARSER, f"{header}\n{delimiter}"))


def table_cells(header: str, delimiter: str, row: str) -> tuple[list[str], list[str] | None]:
    """Return the cells' source of the header, and of the row (None: it ends the table)."""
    tokens = _blocks(_TABLE_PARSER, f"{header}\n{delimiter}\n{row}")
    heads = [t.content for i, t in enumerate(tokens) if tokens[i - 1].type == "th_open"]
    cells = [t.content for i, t in enumerate(tokens) if tokens[i - 1].type == "td_open"]
    return heads, cells if cells and tokens[-1].type == "table_close" else None


def after_definitions(paragraph: str) -> str:
    """Return a paragraph's source without the link reference definitions that it opens with."""
    return "\n".join(t.content for t in _blocks(_PARSER, paragraph) if t.type == "inline")


def link_tail(source: str, start: int, *, complete: bool) -> int | None:
    """Return the end of `(destination "title")` at start; 0: it is none; None: not known yet."""
    length = len(source)
    pos = _after_space(source, start + 1)
    destination = parseLinkDestination(source, pos, length)
    if destination.ok:
        pos = _after_space(source, after := destination.pos)
        if pos > after and pos < length and source[pos] in "\"'(":
            title = parseLinkTitle(source, pos, length)
            if title.ok:
                pos = _after_space(source, title.pos)
        if pos < length and source[pos] == ")":
            return pos + 1
    elif source[pos : pos + 1] == ")":
        return pos + 1
    if complete or length - start > _LINK_TAIL_MAX_CHARS:
        return 0
    return None if _LINK_TAIL_SO_FAR.fullmatch(source, start) else 0


def _after_space(source: str, pos: int) -> int:
    while pos < len(source) and source[pos] in " \n":
        pos += 1
    return pos
