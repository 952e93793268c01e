"""A mail server and an SMS gateway on this machine, for the demo and the tests: what they take is
kept in a folder and shown on a page."""

from __future__ import annotations

import email
import email.policy
import html
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class Sinks:
    """Takes e-mail by SMTP and text messages by HTTP POST; use as a context manager.

    Attributes:
        refuse: while it is set, both gateways say no (to show what happens then).
    """

    def __init__(self, folder: Path, smtp_port: int = 0, http_port: int = 0) -> None:
        self.folder = folder
        self.refuse = False
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._smtp = Controller(self, hostname="127.0.0.1", port=smtp_port or _free_port())
        self._http = ThreadingHTTPServer(("127.0.0.1", http_port), _handler(self))

    def __enter__(self) -> Sinks:
        self._smtp.start()
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._smtp.stop()
        self._http.shutdown()
        self._http.server_close()

    @property
    def page(self) -> str:
        """Where the messages can be read."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/"

    def environment(self) -> dict[str, str]:
        """The gateways' addresses, as settings of postloan."""
        return {
            "POSTLOAN_GATEWAY_EMAIL": (
                f"mailto://127.0.0.1:{self._smtp.port}/?from=postloan@bank.test&to={{to}}"
                "&mode=insecure&+X-Postloan-Notice={notice_no}"
            ),
            "POSTLOAN_GATEWAY_SMS": f"{self.page.replace('http', 'json', 1)}sms/{{to}}",
        }

    def messages(self) -> list[dict[str, Any]]:
        """What arrived, oldest first: channel, to, title, body."""
        with self._lock:
            return [json.loads(file.read_text()) for file in sorted(self.folder.glob("*.json"))]

    def keep(self, **message: Any) -> None:
        """Keep one message, numbered in order of arrival."""
        with self._lock:
            number = len(list(self.folder.glob("*.json"))) + 1
            file = self.folder / f"{number:05d}.json"
            file.write_text(json.dumps(message, ensure_ascii=False, indent=1))

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """aiosmtpd hands over a message."""
        if self.refuse:
            return "451 the mail server is having a rest"
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = parsed.get_body(preferencelist=("plain", "html"))
        self.keep(
            channel="email",
            to=list(envelope.rcpt_tos),
            title=str(parsed["Subject"]),
            notice_no=str(parsed["X-Postloan-Notice"] or ""),
            body=body.get_content() if body else "",
        )
        return "250 OK"


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _handler(sinks: Sinks) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if sinks.refuse:
                self.send_error(503)
                return
            said = json.loads(content)
            to = self.path.rstrip("/").rsplit("/", 1)[-1]
            sinks.keep(channel="sms", to=[to], title=said.get("title", ""), body=said.get("message", ""))
            self.send_response(200)
            self.end_headers()

        def do_GET(self) -> None:
            rows = "".join(
                f"<article><h2>{html.escape(m['title'])}</h2><p>{m['channel']} → {html.escape(', '.join(m['to']))}</p>"
                f"<pre>{html.escape(m['body'])}</pre></article>"
                for m in reversed(sinks.messages())
            )
            page = (
                "<!doctype html><meta charset=utf-8><title>postloan demo: messages</title><style>"
                "body{font:15px/1.5 sans-serif;max-width:46rem;margin:2rem auto}article{border-top:1px solid #ccc}"
                "h2{font-size:1rem}p{color:#666}pre{white-space:pre-wrap}</style>"
                f"<h1>收到的消息 Messages</h1>{rows or '<p>none yet</p>'}"
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: Any) -> None:
            """Keep the terminal for the person."""

    return Handler
