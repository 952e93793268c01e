"""Staff: roles, absences, one-time codes and who may sign what."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from sqlmodel import Session, select

from postloan.book.engine import Writer
from postloan.book.tables import Absence, Case, HumanTask, Loan, Staff, StaffRole, Step, UsedCode
from postloan.errors import BookError, NotFound
from postloan.policy.sections import Signing
from postloan.rules.duties_apart import Person

CODE_SECONDS = 30
# A code of the step before or after is taken too: clocks differ and people type slowly.
CODE_WINDOW = 1


class Vault:
    """Encrypts the secrets of the one-time codes: whoever copies the book cannot sign with it."""

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError:
            raise BookError("POSTLOAN_SECRET_KEY is not a Fernet key (32 bytes, URL-safe base64)") from None

    @classmethod
    def at(cls, home: Path, key: str = "") -> Vault:
        """The vault of an installation: the key given, else a file under `home`, made if missing."""
        if key:
            return cls(key)
        file = home / "secret.key"
        home.mkdir(parents=True, exist_ok=True)
        try:
            with file.open("xb") as new:
                file.chmod(0o600)
                new.write(Fernet.generate_key())
        except FileExistsError:
            pass
        return cls(file.read_text().strip())

    def close(self, secret: str) -> bytes:
        """Encrypt a secret."""
        return self._fernet.encrypt(secret.encode())

    def open(self, closed: bytes) -> str:
        """Decrypt a secret. Raises BookError with another installation's key."""
        try:
            return self._fernet.decrypt(closed).decode()
        except InvalidToken:
            raise BookError(
                "the one-time-code secrets were made with another key; restore secret.key or "
                "POSTLOAN_SECRET_KEY, or enrol everybody anew (postloan staff enrol)"
            ) from None


@dataclass(frozen=True)
class CodeVerdict:
    """Whether a one-time code is good, and if not, why."""

    good: bool
    reason: str = ""


def get(session: Session, staff_no: str) -> Staff:
    """A member of staff. Raises NotFound."""
    found = session.get(Staff, staff_no)
    if found is None:
        raise NotFound(f"there is no member of staff {staff_no!r}; see: postloan staff list")
    return found


def everyone(session: Session, day: date) -> list[Person]:
    """All staff as the signing rules see them on `day`."""
    roles: dict[str, set[str]] = {}
    for row in session.exec(select(StaffRole)):
        roles.setdefault(row.staff_no, set()).add(row.role)
    away = set(session.exec(select(Absence.staff_no).where(Absence.from_on <= day, Absence.until_on >= day)).all())
    return [
        Person(
            staff_no=s.staff_no,
            roles=frozenset(roles.get(s.staff_no, ())),
            branch_no=s.branch_no or "",
            deputy_no=s.deputy_no or "",
            absent=s.staff_no in away,
            active=s.active,
        )
        for s in session.exec(select(Staff).order_by(Staff.staff_no))
    ]


def customers_of(session: Session, staff_nos: list[str]) -> dict[str, int]:
    """INS-13: how many borrowers each officer looks after: those of the officer's own unsettled
    loans and of the open cases that the officer was assigned."""
    borrowers: dict[str, set[str]] = {no: set() for no in staff_nos}
    own = select(Loan.officer_no, Loan.borrower_no).where(
        Loan.officer_no.in_(staff_nos),  # type: ignore[union-attr]
        Loan.settled_on.is_(None),  # type: ignore[union-attr]
    )
    assigned = (
        select(HumanTask.staff_no, Loan.borrower_no)
        .join(Case, Case.case_no == HumanTask.case_no)
        .join(Loan, Loan.loan_no == Case.loan_no)
        .where(HumanTask.staff_no.in_(staff_nos), Case.state == "open")  # type: ignore[union-attr]
    )
    for query in (own, assigned):
        for officer, borrower in session.exec(query.distinct()):
            borrowers[officer].add(borrower)
    # Assigned a moment ago and not asked yet: many cases of one morning are assigned at once.
    just_now = (
        select(Step.result, Loan.borrower_no)
        .join(Case, Case.case_no == Step.case_no)
        .join(Loan, Loan.loan_no == Case.loan_no)
        .where(Step.step == "assign", Case.state == "open")
    )
    for result, borrower in session.exec(just_now):
        if result["staff_no"] in borrowers:
            borrowers[result["staff_no"]].add(borrower)
    return {no: len(who) for no, who in borrowers.items()}


def enrol(writer: Writer, vault: Vault, staff_no: str, issuer: str) -> str:
    """Give a person a new one-time-code secret, the old one ending; gives the otpauth:// address."""
    staff = get(writer.session, staff_no)
    secret = pyotp.random_base32()
    staff.code_secret = vault.close(secret)
    staff.failed_codes, staff.locked_until = 0, None
    writer.session.add(staff)
    writer.record("staff.enrolled", data_of=staff_no)
    return pyotp.TOTP(secret).provisioning_uri(name=staff_no, issuer_name=issuer)


def current_code(staff: Staff, vault: Vault, at: datetime) -> str:
    """The code that this person's app shows at `at`; for the demo and the tests."""
    if staff.code_secret is None:
        raise NotFound(f"{staff.staff_no} has no one-time codes yet; run: postloan staff enrol {staff.staff_no}")
    return pyotp.TOTP(vault.open(staff.code_secret)).at(at)


def check_code(writer: Writer, vault: Vault, signing: Signing, staff: Staff, code: str, at: datetime) -> CodeVerdict:
    """REC-6: whether `code` is this person's at the moment `at`; good once, failures counted.

    `at` is when the answer was given, which may be before it is worked on. What this changes
    (the code used up, the failure counted, the lock) is part of the caller's transaction.
    """
    if staff.locked_until is not None and staff.locked_until > writer.now:
        return CodeVerdict(False, f"{staff.staff_no} 已锁定 (locked until {staff.locked_until:%H:%M} UTC)")
    if staff.code_secret is None:
        return CodeVerdict(False, f"{staff.staff_no} 尚未登记动态口令 (not enrolled: postloan staff enrol)")
    step = _matching_step(vault.open(staff.code_secret), code, at)
    if step is None:
        staff.failed_codes += 1
        reason = f"动态口令错误 (wrong one-time code, failure {staff.failed_codes} of {signing.max_failures})"
        if staff.failed_codes >= signing.max_failures:
            staff.locked_until = writer.now + timedelta(minutes=signing.lock_minutes)
            staff.failed_codes = 0
            writer.record("staff.locked", data_of=staff.staff_no, until=staff.locked_until)
            reason = f"动态口令多次错误, 已锁定 {signing.lock_minutes} 分钟 (wrong code too often: locked)"
        writer.session.add(staff)
        return CodeVerdict(False, reason)
    if writer.session.get(UsedCode, (staff.staff_no, step)) is not None:
        return CodeVerdict(False, "该动态口令已使用, 请等待下一个 (code already used: wait for the next one)")
    writer.session.add(UsedCode(staff_no=staff.staff_no, time_step=step))
    staff.failed_codes = 0
    writer.session.add(staff)
    return CodeVerdict(True)


def _matching_step(secret: str, code: str, at: datetime) -> int | None:
    totp = pyotp.TOTP(secret)
    now = int(at.timestamp()) // CODE_SECONDS
    for step in range(now - CODE_WINDOW, now + CODE_WINDOW + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            return step
    return None
