"""Every example of the CommonMark specification, spoken: the words, all of them, and no marks."""

import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from html import unescape
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pipecat.frames.frames import (
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.tests.utils import run_test

from processors.spoken_text import SpokenText

# The parser's source distribution carries the examples of the specification it follows.
CARRIER = f"markdown-it-py=={version('markdown-it-py')}"
MEMBER = "tests/test_cmark_spec/commonmark.json"
KEPT_AT = Path(sys.prefix) / "share" / "commonmark-examples"
NUMBER, ITEM_END, LINK, CODE = "\ue000", "\ue001", "\ue002", "\ue003"
MARKS = frozenset("*_`~#>[]()<!|\\=")


def examples() -> list[dict]:
    """Read the examples from the published package, fetched once into the environment."""
    archives = sorted(KEPT_AT.glob(f"markdown_it_py-{version('markdown-it-py')}.tar.gz"))
    if not archives:
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        fetch += ["--no-binary", "markdown-it-py", "--dest", str(KEPT_AT), CARRIER]
        run = subprocess.run(fetch, capture_output=True, text=True, timeout=120)
        if run.returncode:
            pytest.fail(f"The CommonMark examples could not be fetched. {run.stderr[-500:]}")
        archives = sorted(KEPT_AT.glob("markdown_it_py-*.tar.gz"))
    with tarfile.open(archives[-1]) as archive:
        for member in archive:
            if member.name.endswith(MEMBER):
                file = archive.extractfile(member)
                assert file is not None
                return json.load(file)
    pytest.fail(f"{archives[-1].name} has no {MEMBER}")


def visible(markdown: str) -> str:
    """Collect what a reader sees, from the parser's token tree; for the ear where that differs.

    Left out: code blocks, comments and scripts. An address becomes its host's words.
    """
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    pieces: list[str] = []
    for token in tokens:
        if token.type == "list_item_open":
            number = str(int(token.info)) if token.info else ""
            pieces.append(f" {NUMBER}{number}{NUMBER} ")
        elif token.type == "list_item_close":
            pieces.append(f" {ITEM_END} ")
        elif token.type == "inline":
            pieces += [*_inline(token.children or []), " "]
        elif token.type == "html_block":
            pieces.append(_html(token.content))
    text = "".join(pieces)
    # An item that says nothing has no number; of items opened in one another, the last has one.
    while (shorter := re.sub(f"{NUMBER}\\d*{NUMBER}\\s*(?={ITEM_END})", "", text)) != text:
        text = re.sub(f"(?<!{NUMBER}){ITEM_END}", "", shorter, count=1)
    text = re.sub(f"{NUMBER}\\d*{NUMBER}\\s*(?={NUMBER})", "", text)
    text = re.sub(
        r"(?:https?|ftp)://[^\s<>\"`\ue003]+[^\s<>\"`\ue003.]", lambda m: _host(m.group()), text
    )
    return re.sub(r"(?<!\S)&(?!\S)", "and", text)


def _inline(children: list[Token]) -> Iterator[str]:
    struck = False
    autolink = False
    for token in children:
        if token.type in ("s_open", "s_close"):
            struck = token.type == "s_open"
        elif token.type in ("link_open", "link_close"):
            autolink = token.type == "link_open" and token.markup == "autolink"
            yield LINK
        elif struck or token.type == "html_inline":
            continue
        elif token.type in ("softbreak", "hardbreak"):
            yield " "
        elif token.type == "image":
            yield from _inline(token.children or [])
        elif autolink:
            yield _host(token.content)
        elif token.type == "code_inline":
            yield f"{CODE}{token.content}{CODE}"
        else:
            yield token.content


def _host(url: str) -> str:
    if "@" in url:
        return url.lower().removeprefix("mailto:")
    return (urlsplit(url).hostname or "").strip(".").replace(".", " dot ")


def _html(source: str) -> str:
    if re.match(r"\s*<(script|pre|style|textarea|!--|\?|![A-Za-z]|!\[CDATA)", source, re.I):
        return ""
    source = re.sub(r"<pre>[\s\S]*", "", source)
    return unescape(re.sub(r"<[^>]*>?", " ", source))


def words(text: str) -> list[str]:
    """Split into words, as if the marks were not there."""
    text = text.replace("](", "] (").replace(f"{LINK}(", " (").replace("][", "] [")
    bare = "".join(c for c in text if c not in MARKS and c not in (LINK, CODE))
    return re.findall(r"[^\W_]+", bare.lower())


def without_noise(seen: str) -> str:
    """Leave out what only looks like the tail of a link to CommonMark.

    It stands around another link or its definition is missing, but is no less noise.
    """
    seen = re.sub(r"\]\([^()\s]*\)", "]", seen)
    seen = re.sub(f"\\]{LINK}[^{LINK}]*{LINK}", "]", seen)
    return re.sub(r"\]\[[^\[\]]*\]", "]", seen)


def complaint(markdown: str, spoken: str) -> str:
    """Say what is wrong with what was spoken; "" if nothing is."""
    seen = visible(markdown)
    if words(spoken) != words(seen):
        seen = without_noise(seen)
    if words(spoken) != words(seen):
        return f"words {words(spoken)} instead of {words(seen)}"
    remaining = iter(c for c in seen if c in MARKS)
    for mark in (c for c in spoken if c in MARKS):
        if mark not in remaining:
            return f"says {mark!r} in {spoken!r}; to be seen is {seen!r}"
    return ""


# Where the ear is better served, or an answer cannot be had before the response is over.
OTHERWISE = {
    "5*6*78\n": "5*6*78",  # a star between digits is a multiplication
    "[foo][bar][baz]\n\n[baz]: /url\n": "foobaz.",  # whether bar is defined shows later
    "[foo][bar][baz]\n\n[baz]: /url1\n[foo]: /url2\n": "foobaz.",
}
CUTS = {
    "one character at a time": lambda text: list(text),
    "one token at a time": lambda text: re.findall(r" ?\w{1,6}|[^\w\n]{1,3}|\n+", text),
    "all at once": lambda text: [text],
}


@pytest.fixture(scope="module")
def specification() -> list[str]:
    return [example["markdown"] for example in examples()]


async def spoken_responses(markdowns: list[str], cut: Callable[[str], list[str]]) -> list[str]:
    """Send each text as one response through SpokenText; return what comes out of each."""
    frames: list[Frame] = []
    for markdown in markdowns:
        assert "".join(cut(markdown)) == markdown
        texts = [LLMTextFrame(token) for token in cut(markdown)]
        frames += [LLMFullResponseStartFrame(), *texts, LLMFullResponseEndFrame()]
    received, _ = await run_test(SpokenText(), frames_to_send=frames)
    spoken: list[str] = []
    for frame in received:
        if isinstance(frame, LLMFullResponseStartFrame):
            spoken.append("")
        elif isinstance(frame, LLMTextFrame):
            spoken[-1] += frame.text
    return spoken


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
async def test_every_example_is_said_word_for_word_and_without_marks(
    cut: Callable[[str], list[str]], specification: list[str]
) -> None:
    assert len(specification) > 600
    complaints = []
    spoken = await spoken_responses(specification, cut)
    for markdown, said in zip(specification, spoken, strict=True):
        if markdown in OTHERWISE:
            assert said == OTHERWISE[markdown]
            assert complaint(markdown, said), "this example is no exception any more"
        elif wrong := complaint(markdown, said):
            complaints.append(f"{markdown!r}: {wrong}")
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    ("markdown", "said"),
    [
        ("Take *two* pills", "Take *two* pills"),
        ("Take *two* pills", "Take pills"),
        ("Take *two* pills", "Take two two pills"),
        ("See [it](https://a.org)", "See it https://a.org"),
        ("Do\n```\nx = 1\n```\n", "Do x 1"),
        ("1. Sit\n2. Eat\n", "Sit. Eat."),
        ("<b>Now</b>", "<b>Now</b>"),
    ],
)
def test_the_check_notices_what_must_not_be_said(markdown: str, said: str) -> None:
    assert complaint(markdown, said)
