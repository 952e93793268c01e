"""Who is party to a loan: the borrower, those who stand for it, and the consignor of an entrusted one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, or_, select

from postloan.book.notices import Recipient
from postloan.book.tables import Borrower, Collateral, CollateralLoan, Consignor, Guarantee, Guarantor, Loan

TITLES = {
    "borrower": ("借款人", "borrower"),
    "guarantor": ("保证人", "guarantor"),
    "mortgagor": ("抵押人", "mortgagor"),
    "pledgor": ("出质人", "pledgor"),
    "consignor": ("委托人", "consignor"),
}
OWNERS = ("mortgagor", "pledgor")


@dataclass(frozen=True)
class Party:
    """A party to a loan; an owner of collateral goes by the item's number."""

    role: str
    number: str
    name: str
    email: str = ""
    phone: str = ""
    language: str = ""

    @property
    def label(self) -> str:
        """How forms call the party, without a name: 保证人 guarantor G1."""
        return f"{' '.join(TITLES[self.role])} {self.number}"

    @property
    def recipient(self) -> Recipient:
        """The party as somebody who gets notices."""
        return Recipient(self.role, self.number, self.name, self.language, self.email, self.phone)


def of_loan(session: Session, loan: Loan) -> list[Party]:
    """Everybody who is party to a loan, the borrower first. Who owns the collateral of his own loan, or
    guarantees as well, is a party in each role."""
    debtor = session.get_one(Borrower, loan.borrower_no)
    found = [Party("borrower", debtor.borrower_no, debtor.name, debtor.email, debtor.phone, debtor.language)]
    guarantors = select(Guarantor).join(Guarantee).where(Guarantee.loan_no == loan.loan_no)
    for g in session.exec(guarantors.order_by(col(Guarantor.guarantor_no))):
        found.append(Party("guarantor", g.guarantor_no, g.name, g.email, g.phone))
    owner = "pledgor" if loan.security == "pledged" else "mortgagor"
    items = select(Collateral).join(CollateralLoan).where(CollateralLoan.loan_no == loan.loan_no)
    for item in session.exec(items.order_by(col(Collateral.collateral_no))):
        found.append(Party(owner, item.collateral_no, item.owner))
    if loan.consignor:
        found.append(_consignor(session, loan.consignor))
    return found


def to_consent(session: Session, loan: Loan) -> list[Party]:
    """EXT-3, ENT-1: who has to consent in writing: everybody but the borrower, who applies himself."""
    everybody = of_loan(session, loan)
    return [party for party in everybody if consents(party, everybody[0])]


def consents(party: Party, borrower: Party) -> bool:
    """Whether a party's consent in writing is needed beside the borrower's application."""
    return party != borrower and (party.role not in OWNERS or party.name != borrower.name)


def to_contact(session: Session, loan: Loan) -> dict[tuple[str, str], Party]:
    """CON: by role and number, as whom every party but the consignor is contacted: an owner of collateral who owes
    the debt or guarantees it, as that; one of several items, under the first."""
    everybody = [party for party in of_loan(session, loan) if party.role != "consignor"]
    first: dict[str, Party] = {}
    for party in everybody:
        first.setdefault(party.name, party)
    return {(p.role, p.number): first[p.name] if p.role in OWNERS else p for p in everybody}


def to_notify(session: Session, loan: Loan) -> list[Party]:
    """MAT-1: who is told that a loan falls due: the borrower, the guarantors and the consignor."""
    return [p for p in of_loan(session, loan) if p.role in ("borrower", "guarantor", "consignor")]


def _consignor(session: Session, named: str) -> Party:
    """The consignor by number or name; one that the book does not know has no address."""
    known = session.exec(select(Consignor).where(or_(Consignor.consignor_no == named, Consignor.name == named))).first()
    if known is None:
        return Party("consignor", named, named)
    return Party("consignor", known.consignor_no, known.name, known.email, known.phone)
