"""`postloan up` and `postloan demo`: server, deployments and worker in one foreground process."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Annotated

import httpx
import typer

from cli import show
from cli.options import BookOption, PolicyOption, office
from postloan.errors import PostloanError
from postloan.settings import REPOSITORY

POOL = "postloan"
START_SECONDS = 120


def require_server() -> None:
    """Raises PostloanError unless the Prefect server of PREFECT_API_URL answers."""
    from prefect.settings import get_current_settings

    url = get_current_settings().api.url
    hint = "start one with: postloan up (or use --no-cases to work without flow runs)"
    if not url:
        raise PostloanError(f"PREFECT_API_URL is not set, so there is no Prefect server to start runs on; {hint}")
    try:
        httpx.get(f"{url}/health", timeout=10).raise_for_status()
    except httpx.HTTPError as error:
        raise PostloanError(f"no Prefect server answers at {url} ({error}); {hint}") from None


@dataclass
class Stack:
    """A Prefect server, the deployments of prefect.yaml, and a worker, as child processes.

    Their output goes to log files under `home`. Closing it ends them all.
    """

    home: Path
    port: int = 4200
    env: dict[str, str] = field(default_factory=dict)
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _logs: list[IO[bytes]] = field(default_factory=list)

    @property
    def api(self) -> str:
        """The server's API."""
        return f"http://127.0.0.1:{self.port}/api"

    def environment(self) -> dict[str, str]:
        """The environment of the children: Prefect's home and address, and postloan's settings."""
        return {
            **os.environ,
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "PREFECT_CLIENT_MAX_RETRIES": "10",
            "PREFECT_LOGGING_LEVEL": "INFO",
            "POSTLOAN_UI_URL": f"http://127.0.0.1:{self.port}",
            **self.env,
        }

    def start(self) -> None:
        """Start all three, in order. Raises PostloanError with the log of what did not start."""
        (self.home / "log").mkdir(parents=True, exist_ok=True)
        self.start_server()
        self.deploy()
        self.start_worker()

    def start_server(self) -> None:
        """Start the server and wait until it answers."""
        self._spawn("server", "server", "start", "--host", "127.0.0.1", "--port", str(self.port))
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._children["server"].poll() is not None:
                raise PostloanError(f"the Prefect server did not start:\n{self.tail('server')}")
            try:
                if httpx.get(f"{self.api}/health", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.3)
        raise PostloanError(f"the Prefect server does not answer at {self.api}:\n{self.tail('server')}")

    def deploy(self) -> None:
        """Make the work pool and deploy every flow; safe to repeat.

        The pool says how a run is started: with no command, Prefect 3.8.8 starts a second Python first that
        looks for the workspace, and each run of a case takes nearly twice as long to begin.
        """
        from prefect.workers.process import ProcessWorker

        template = ProcessWorker.get_default_base_job_template()
        template["variables"]["properties"]["command"]["default"] = shlex.join([sys.executable, "-m", "prefect.engine"])
        file = self.home / "pool.json"
        file.write_text(json.dumps(template))
        self._run("work-pool", "create", POOL, "--type", "process", "--overwrite", "--base-job-template", str(file))
        self._run("--no-prompt", "deploy", "--all")

    def start_worker(self) -> None:
        """Start the worker that executes the flow runs. Without a limit: with one, Prefect 3.8.8's worker ends
        with an error when a run is resumed before it has noticed that the run's earlier process is gone."""
        self._spawn("worker", "worker", "start", "--pool", POOL, "--type", "process", "--name", f"worker-{self.port}")

    def kill(self, name: str) -> None:
        """kill -9 a child; for tests."""
        child = self._children.pop(name)
        child.kill()
        child.wait()

    def dead(self) -> list[str]:
        """The children that ended by themselves."""
        return [name for name, child in self._children.items() if child.poll() is not None]

    def tail(self, name: str, lines: int = 15) -> str:
        """The end of a child's log."""
        log = self.home / "log" / f"{name}.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    def stop(self) -> None:
        """End the children, the worker first so that its runs are reported."""
        for name in ("worker", "server"):
            child = self._children.pop(name, None)
            if child is None or child.poll() is not None:
                continue
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        while self._logs:
            self._logs.pop().close()

    def _prefect(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "prefect", *words]

    def _spawn(self, name: str, *words: str) -> None:
        log = (self.home / "log" / f"{name}.log").open("ab")
        self._logs.append(log)
        self._children[name] = subprocess.Popen(
            self._prefect(*words), cwd=REPOSITORY, env=self.environment(), stdout=log, stderr=subprocess.STDOUT
        )

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            self._prefect(*words), cwd=REPOSITORY, env=self.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise PostloanError(f"prefect {' '.join(words)} failed:\n{(done.stdout + done.stderr)[-2000:]}")


@contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    """The stack, started, and ended whatever happens; SIGTERM counts as Ctrl-C."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    in_main = threading.current_thread() is threading.main_thread()
    old = signal.signal(signal.SIGTERM, interrupt) if in_main else None
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        if in_main:
            signal.signal(signal.SIGTERM, old)


@contextmanager
def speaking_to(stack: Stack) -> Iterator[None]:
    """Make this process a client of the stack's server: Prefect has read its settings long before."""
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    os.environ["POSTLOAN_UI_URL"] = stack.environment()["POSTLOAN_UI_URL"]
    with temporary_settings({PREFECT_API_URL: stack.api, PREFECT_CLIENT_MAX_RETRIES: 10}):
        yield


def watch(stack: Stack) -> None:
    """Stay until Ctrl-C; a worker or server that dies is started again."""
    while True:
        time.sleep(1)
        for name in stack.dead():
            show.err.print(f"the {name} ended; starting it again. Its last words:\n{stack.tail(name, 5)}", markup=False)
            stack.start_server() if name == "server" else stack.start_worker()


def up(
    port: Annotated[int, typer.Option(help="Port of the Prefect UI and API")] = 4200,
    book: BookOption = None,
    policy: PolicyOption = None,
) -> None:
    """Server, deployments and worker in one foreground process, for a small installation."""
    here = office(book, policy)
    os.environ["POSTLOAN_BOOK"] = here.settings.book_url
    stack = Stack(here.settings.home.expanduser().resolve(), port)
    show.out.print("Starting the Prefect server, the deployments and a worker …")
    with running(stack):
        show.out.print(f"Ready: {stack.api.removesuffix('/api')}  (Ctrl-C ends it)", markup=False)
        watch(stack)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Unattended: run the day, answer one case, exit 0")] = False,
    code: Annotated[str | None, typer.Option(help="Print this person's current one-time code and exit")] = None,
    home: Annotated[Path, typer.Option(help="Folder of the demo")] = Path(".postloan/demo"),
    port: Annotated[int, typer.Option(help="Port of the Prefect UI")] = 4200,
) -> None:
    """A ready installation on a sample book, with people, codes, a mail sink and a short tour."""
    from cli import demo as the_demo

    if code is not None:
        show.out.print(the_demo.current_code(home.resolve(), code), highlight=False)
    else:
        the_demo.run(home.resolve(), port, once=once)
