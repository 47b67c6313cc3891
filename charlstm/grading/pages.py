"""The pages of feedback: a student's notebook as HTML that runs nothing.

What students write and print goes into pages that they, and graders, open. So all HTML of theirs
is cleaned by bleach; no script is in the page, not even a harmless one; and the page's policy
(https://www.w3.org/TR/CSP3/) forbids whatever might have slipped through, and every request to
another place. Formulas become MathML, which browsers draw themselves, without the net.
"""

from __future__ import annotations

import html
import re
from typing import Any

from bleach import ALLOWED_TAGS, clean
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer
from bs4 import BeautifulSoup
from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbgrader.converters import GenerateFeedback
from traitlets import Bool, default

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'"
_HEAD = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
# nbgrader's links and the colours of code are too pale on its greys (WCAG 2.2, 1.4.3 and 1.4.1)
_STYLE = (
    "<style>a{color:#23527c;text-decoration:underline}"
    ".panel-heading .pull-right a{color:inherit!important}"
    "pre{background:#fff}th,td{padding:0 .6em}</style>"
)
FORMULA = "charlstm-formula"  # the class of a formula's place, until all else is cleaned
_FORMULA = re.compile(rf'<(?P<tag>span|div) class="{FORMULA}">(?P<formula>[^<]*)</(?P=tag)>')
TAGS = {
    *ALLOWED_TAGS, "br", "caption", "col", "colgroup", "dd", "del", "details", "div", "dl", "dt",
    "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "ins", "kbd", "mark",
    "p", "pre", "q", "s", "samp", "small", "span", "sub", "summary", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "var",
}  # fmt: skip
STYLES = {
    *ALLOWED_CSS_PROPERTIES, "border", "border-collapse", "border-radius", "display", "margin",
    "max-width", "opacity", "padding", "white-space",
}  # fmt: skip
MATHML = {
    "math", "menclose", "mfenced", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded",
    "mphantom", "mprescripts", "mroot", "mrow", "mspace", "msqrt", "mstyle", "msub", "msubsup",
    "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover", "none",
}  # fmt: skip
MATHML_ATTRIBUTES = {
    "accent", "columnalign", "columnlines", "columnspacing", "columnspan", "depth", "display",
    "displaystyle", "fence", "form", "frame", "height", "linebreak", "linethickness", "lspace",
    "mathcolor", "mathsize", "mathvariant", "maxsize", "minsize", "movablelimits", "notation",
    "rowlines", "rowspacing", "rspace", "scriptlevel", "separator", "stretchy", "symmetric",
    "voffset", "width", "xmlns",
}  # fmt: skip
SIZES = ("width", "height")
LONGEST_FORMULA = 5000  # characters; a longer one stays as it was written


def cleaned(markup: str) -> str:
    """Return HTML without anything that runs, sends or loads; other tags are shown as text.

    Example:
        >>> cleaned('<b onclick="f()">a</b><script>g()</script>')
        '<b>a</b>&lt;script&gt;g()&lt;/script&gt;'
    """
    return str(
        clean(
            str(markup),
            tags=TAGS,
            attributes=_allowed,
            protocols={"http", "https", "mailto", "data"},
            css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
        )
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    if name == "src":
        return tag == "img" and value.startswith("data:image/")
    if name == "href":
        return tag == "a" and value.startswith(("http:", "https:", "mailto:", "#"))
    return name in {"class", "id", "title", "style", "alt", "colspan", "rowspan", "start", *SIZES}


class _Renderer(IPythonRenderer):
    """Renders Markdown; each formula is marked, for `_drawn`."""

    def block_math(self, body: str) -> str:
        return _marked("div", body)

    def inline_math(self, body: str) -> str:
        return _marked("span", body)

    def latex_environment(self, name: str, body: str) -> str:
        return _marked("div", f"\\begin{{{name}}}{body}\\end{{{name}}}")

    def _embed_image_or_attachment(self, src: str) -> str:
        """Return an attached picture; "" if a student has deleted it, which is no error here."""
        name = src.removeprefix("attachment:")
        if name != src and not self.attachments.get(name):
            return ""
        return str(super()._embed_image_or_attachment(src))


def _marked(tag: str, formula: str) -> str:
    return f'<{tag} class="{FORMULA}">{html.escape(formula)}</{tag}>'


class PageExporter(HTMLExporter):
    """nbgrader's page of feedback, safe to open."""

    sanitize_html = Bool(True)

    def default_filters(self) -> Any:
        """Clean whatever the templates take for HTML."""
        yield from super().default_filters()
        yield "clean_html", cleaned

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Render an answer in words, or a comment."""
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = _Renderer(escape=False, attachments=attachments, exclude_anchor_links=True)
        return cleaned(MarkdownWithMath(renderer=renderer).render(source))

    def from_notebook_node(self, nb: Any, resources: Any = None, **known: Any) -> Any:
        """Make the page."""
        for cell in nb.cells:
            for output in cell.get("outputs", ()):
                if "metadata" in output:
                    output.metadata = _sizes(output.metadata)
        page, resources = super().from_notebook_node(nb, resources, **known)
        # all that a student wrote has < as &lt; by now, or was cleaned: these are nbconvert's own
        page = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
        page = page.replace("<html>", '<html lang="en">', 1)
        page = page.replace("<head>", f"<head>{_HEAD}", 1).replace("</head>", f"{_STYLE}</head>", 1)
        page = re.sub(r'(<a href="#([\w-]+)">)Test cell</a>', r"\1Test \2</a>", page)
        return _FORMULA.sub(_drawn, page), resources


def _sizes(metadata: Any) -> dict[str, Any]:
    """Keep of the metadata of a picture its size, in pixels, and what it shows."""
    kept: dict[str, Any] = {}
    for kind, facts in metadata.items():
        if isinstance(facts, dict):
            kept[kind] = {size: facts[size] for size in SIZES if isinstance(facts.get(size), int)}
            if isinstance(facts.get("alt"), str):
                kept[kind]["alt"] = facts["alt"]
    return kept


def _drawn(marked: re.Match[str]) -> str:
    """Return a marked formula in MathML; one that cannot be read stays as it was written."""
    formula = html.unescape(marked["formula"])
    try:
        return _mathml(formula, "block" if marked["tag"] == "div" else "inline")
    except Exception:  # a student's formula may be anything
        return f"<span>${html.escape(formula)}$</span>"


def _mathml(formula: str, display: str) -> str:
    r"""Return a formula in MathML.

    The library writes what stands in `\text` as it is, so any other markup is refused.
    """
    if len(formula) > LONGEST_FORMULA:
        raise ValueError("too long")
    drawn: Any = BeautifulSoup(convert(formula, display=display), features="html.parser")
    for tag in drawn.find_all(True):
        if tag.name not in MATHML:
            raise ValueError(f"{tag.name} in a formula")
        tag.attrs = {name: value for name, value in tag.attrs.items() if name in MATHML_ATTRIBUTES}
    return str(drawn)


class Feedback(GenerateFeedback):  # type: ignore[misc]
    """nbgrader's step that makes the pages, with `PageExporter`."""

    @default("exporter_class")
    def _exporter_class_default(self) -> type[PageExporter]:
        return PageExporter
