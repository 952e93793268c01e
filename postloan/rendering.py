"""Rendering the templates: Jinja2 to text and HTML, WeasyPrint to PDF."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    UndefinedError,
    select_autoescape,
)

from postloan.errors import PostloanError
from postloan.rules.roles import duty_title


@dataclass(frozen=True)
class Message:
    """A rendered message."""

    template: str
    title: str
    body: str


def masked(name: str) -> str:
    """A name as it may be shown to everyone: the first character only."""
    return name[:1] + "*" * min(len(name) - 1, 3) if name else ""


def plain(text: str) -> str:
    """Text that people typed, safe inside markdown: one line, no markup."""
    return " ".join(text.split()).translate({ord(c): f"\\{c}" for c in "\\`*_[]<>|#"})


def money(amount: Decimal) -> str:
    """An amount with thousands separators and two places."""
    return f"{+amount:,.2f}"  # the plus: a value that a template lacks is told by its name


class Renderer:
    """The templates of a folder. A value that a template wants and does not get is an error
    before anything is sent (StrictUndefined)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=select_autoescape(["html"]),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "duty": duty_title,
            "money": money,
            "masked": masked,
            "plain": plain,
            "day": _day,
            "moment": _moment,
        }

    def message(self, kind: str, language: str, **values: Any) -> Message:
        """Render `notices/<language>/<kind>.txt`: its first line is the title, the rest the body."""
        name = f"notices/{language}/{kind}.txt"
        title, _, body = self.text(name, **values).strip().partition("\n")
        return Message(name, title.strip(), body.strip())

    def text(self, name: str, **values: Any) -> str:
        """Render any template. Raises PostloanError naming the template and what is missing."""
        try:
            return self._environment.get_template(name).render(**values)
        except TemplateNotFound as error:
            raise PostloanError(f"there is no template {error.name} under {self.folder}") from None
        except UndefinedError as error:
            raise PostloanError(f"template {name}: {error.message}; nothing was sent") from None

    def pdf(self, html: str) -> bytes:
        """An HTML document as PDF. Nothing is fetched from outside the template folder."""
        from weasyprint import HTML, URLFetcher  # heavy: only the processes that print load it

        logging.getLogger("weasyprint").setLevel(logging.ERROR)  # it tells every property of an SVG that it leaves out
        fetcher = URLFetcher(allowed_protocols={"file", "data"})
        return HTML(string=html, base_url=str(self.folder), url_fetcher=fetcher).write_pdf()


def _day(value: date) -> str:
    return value.isoformat()


def _moment(value: datetime) -> str:
    return value.strftime("%Y-%m-%d %H:%M")
