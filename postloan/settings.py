"""Where this installation keeps things and how it reaches the world: environment, not policy.

Policy says what the institution has decided and is the same everywhere; settings say where the
book is on this machine and hold the secrets. Every setting is an environment variable
`POSTLOAN_…` (or a line of a `.env` file in the working directory).
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """The settings in force. See docs/operations.md for the table of them."""

    model_config = SettingsConfigDict(env_prefix="POSTLOAN_", env_file=".env", extra="ignore")

    home: Path = Field(
        default_factory=lambda: Path.home() / ".postloan",
        description="Folder for the SQLite book, the archive of documents and the key of the code secrets",
    )
    book: str = Field("", description="SQLAlchemy address of the book; empty: SQLite under home")
    policy: Path = Field(REPOSITORY / "policy.toml", description="The policy file")
    templates: Path = Field(REPOSITORY / "templates", description="The Jinja2 templates")
    ui_url: str = Field("http://127.0.0.1:4200", description="Address of the Prefect UI that links in messages lead to")
    secret_key: SecretStr = Field(
        SecretStr(""), description="Fernet key for the one-time-code secrets; empty: a key file under home"
    )
    gateway_email: SecretStr = Field(
        SecretStr(""), description="Apprise address of the mail gateway, {to} stands for the recipient"
    )
    gateway_sms: SecretStr = Field(SecretStr(""), description="Apprise address of the SMS gateway, with {to}")
    gateway_webhook: SecretStr = Field(
        SecretStr(""), description="Apprise address of the institution's own chat or webhook, with {to}"
    )

    @property
    def book_url(self) -> str:
        """The book's address, absolute, so that every process means the same file."""
        url = self.book or f"sqlite:///{self.home.expanduser().resolve() / 'book.db'}"
        if "://" not in url:
            url = f"sqlite:///{Path(url).expanduser().resolve()}"
        if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
            url = f"sqlite:///{Path(url.removeprefix('sqlite:///')).expanduser().resolve()}"
        return url.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def archive(self) -> Path:
        """Folder of the archived documents, addressed by their SHA-256."""
        return self.home.expanduser().resolve() / "archive"


def load() -> Settings:
    """The settings from the environment as it is now."""
    return Settings()


def export(**values: str | Path | None) -> None:
    """Put settings given on the command line into the environment, so that child processes
    (the server's worker, the flow runs it starts) see the same ones."""
    for key, value in values.items():
        if value is not None:
            os.environ[f"POSTLOAN_{key.upper()}"] = str(value)
