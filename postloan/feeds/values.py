"""From the text of a cell to an exact value. Each reader takes stripped text that is not empty and
gives the value, or raises ValueError with a reason for the person who has to correct the cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from postloan.rules.roles import ROLES
from postloan.rules.signals import KINDS as SIGNALS

Reader = Callable[[str], Any]

# SQLite keeps cents in 64 bits: 15 digits before the point fit with room for sums.
MONEY_DIGITS = 15
FIRST_YEAR, LAST_YEAR = 1900, 2199

_PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}((,[0-9]{3})+\.[0-9]{2}|(,[0-9]{3}){2,})")
_WHOLE = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})-|/([0-9]{1,2})/|\.([0-9]{1,2})\.|年([0-9]{1,2})月)([0-9]{1,2})日?")
_COMPACT_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0+)?)?$")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_SHEET_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"}
_ISO_4217 = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD "
    "HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD "
    "LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK "
    "PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
    "TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"
)
_CURRENCIES = frozenset(_ISO_4217.split())
_CURRENCY_WORDS = {
    "RMB": "CNY", "人民币": "CNY", "人民币元": "CNY", "美元": "USD", "港币": "HKD", "港元": "HKD", "欧元": "EUR",
    "日元": "JPY", "英镑": "GBP", "新台币": "TWD",
}  # fmt: skip


def narrow(text: str) -> str:
    """Full-width digits, letters and signs as the ordinary ones."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def text(limit: int, *, lines: bool = False) -> Reader:
    """Text as it stands, up to `limit` characters; a formula is text like any other."""

    def read(value: str) -> str:
        if len(value) > limit:
            raise ValueError(f"is longer than {limit} characters ({len(value)})")
        if not value.isprintable():
            for sign in value:
                if unicodedata.category(sign) == "Cc" and not (lines and sign in "\n\r\t"):
                    raise ValueError(f"holds the control character U+{ord(sign):04X} (a stray line end?)")
        if value in _SHEET_ERRORS:
            raise ValueError("is a spreadsheet's error, not a value")
        return value

    return read


def key(limit: int) -> Reader:
    """A number that people use as a key: full-width signs as the ordinary ones, and none that nobody sees."""

    def read(value: str) -> str:
        value = narrow(text(limit)(value))
        if value.startswith("("):
            raise ValueError("begins with a bracket; such numbers are our own")
        for sign in value:
            if unicodedata.category(sign) in ("Cf", "Co", "Cn", "Zl", "Zp"):
                raise ValueError(f"holds the invisible character U+{ord(sign):04X}")
        return value

    return read


def email(value: str) -> str:
    """An e-mail address, checked only as far as a letter-box must be."""
    value = text(200)(value)
    if not _ADDRESS.fullmatch(value):
        raise ValueError("is not an e-mail address")
    return value


def _number(value: str, places: int) -> Decimal:
    value = narrow(value)
    if not _PLAIN.fullmatch(value):
        if _GROUPED.fullmatch(value):
            value = value.replace(",", "")
        elif re.fullmatch(r"[0-9]{1,3},[0-9]{3}", value):
            raise ValueError("is ambiguous: a thousands separator or a decimal comma? write it without")
        else:
            raise ValueError("is not a plain decimal number such as 1234.50")
    number = Decimal(value)
    if -number.as_tuple().exponent > places:  # type: ignore[operator]
        raise ValueError(f"has more than {places} decimal places")
    return number.quantize(Decimal(1).scaleb(-places)) if len(value) <= MONEY_DIGITS + places + 2 else number


def money(*, above_zero: bool = False) -> Reader:
    """An amount with at most two decimal places, never through a binary number."""

    def read(value: str) -> Decimal:
        amount = _number(value, 2)
        if amount < 0:
            raise ValueError("is negative")
        if amount >= 10**MONEY_DIGITS:
            raise ValueError(f"has more than {MONEY_DIGITS} digits before the decimal point")
        if above_zero and not amount:
            raise ValueError("is zero; it must be more")
        return abs(amount)

    return read


def at_least(least: Decimal, read: Reader) -> Reader:
    """An amount, or `least` where the feed has a lower one."""

    def raised(value: str) -> Any:
        plain = narrow(value)
        return least if _PLAIN.fullmatch(plain) and Decimal(plain) < least else read(value)

    return raised


def rate(value: str) -> Decimal:
    """Percent per year: 4.35 or 4.35%."""
    return _percent(value, "a rate between 0 and 1000 percent per year")


def surcharge(value: str) -> Decimal:
    """Percent of a rate that is charged on top of it: 50 or 50% is half again as much."""
    return _percent(value, "a surcharge between 0 and 1000 percent of the rate")


def _percent(value: str, what: str) -> Decimal:
    number = _number(narrow(value).removesuffix("%"), 6)
    if not 0 <= number <= 1000:
        raise ValueError(f"is not {what}")
    return abs(number)


def fraction(read: Reader) -> Reader:
    """A rate or surcharge that the feed writes as a fraction of one: 0.0435 is 4.35 percent."""
    return lambda value: read(str((_number(value, 8) * 100).quantize(Decimal("0.000001"))))


# What [formats] may call percent or fraction. Of each, a number below this is more likely a fraction of one that a
# spreadsheet shows as percent, and an example of such a cell.
RATES: dict[Reader, tuple[Decimal, str]] = {
    rate: (Decimal("0.5"), "4.35 % is stored as 0.0435"),
    surcharge: (Decimal(3), "50 % is stored as 0.5"),
}


def in_sheet(read: Reader, column: str) -> Reader:
    """A spreadsheet shows 0.0435 as 4.35% and gives away only the number: do not guess."""
    doubtful, example = RATES[read]

    def checked(value: str) -> Decimal:
        number: Decimal = read(value)
        if 0 < number < doubtful and not narrow(value).endswith("%"):
            raise ValueError(
                f"may be a cell formatted as percent; if {example}, say so in a mapping: "
                f'[formats] {column} = "fraction"; if it is really below {doubtful} percent: "percent"'
            )
        return number

    return checked


@lru_cache(maxsize=20_000)
def day(value: str) -> date:
    """A date with the year first: 2026-01-31, 2026/1/31, 2026.1.31, 20260131, 2026年1月31日."""
    value = _MIDNIGHT.sub("", narrow(value))
    match = _DAY.fullmatch(value) or _COMPACT_DAY.fullmatch(value)
    if match is None:
        raise ValueError("is not a date such as 2026-01-31 (other ways to write dates: mapping, [formats])")
    return _day_of(*(int(part) for part in match.groups() if part))


def day_as(style: str) -> Reader:
    """A date in the style of strptime; one without a day means the first of the month."""

    @lru_cache(maxsize=20_000)
    def read(value: str) -> date:
        try:
            found = datetime.strptime(narrow(value), style)
        except ValueError:
            raise ValueError(f"is not a date of the form {style}") from None
        return _day_of(found.year, found.month, found.day)

    return read


def _day_of(year: int, month: int, number: int) -> date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"is not a year between {FIRST_YEAR} and {LAST_YEAR}")
    try:
        return date(year, month, number)
    except ValueError:
        raise ValueError("is a day that does not exist") from None


def whole(least: int, most: int) -> Reader:
    """A whole number from `least` to `most`."""

    def read(value: str) -> int:
        value = narrow(value)
        if not _WHOLE.fullmatch(value) or not least <= int(value) <= most:
            raise ValueError(f"is not a whole number from {least} to {most}")
        return int(value)

    return read


_YES_NO = {"yes": True, "true": True, "1": True, "y": True, "是": True, "有": True,
           "no": False, "false": False, "0": False, "n": False, "否": False, "无": False}  # fmt: skip


def hours(value: str) -> str:
    """Hours of the day such as 19:00-23:00."""
    start, _, end = value.replace(" ", "").partition("-")
    try:
        first, last = time.fromisoformat(start), time.fromisoformat(end)
    except ValueError:
        raise ValueError("hours of the day are written as 19:00-23:00") from None
    if not first < last:
        raise ValueError("hours of the day begin before they end: 19:00-23:00")
    return f"{first:%H:%M}-{last:%H:%M}"


def yes_no(value: str) -> bool:
    """yes or no, 是 or 否."""
    try:
        return _YES_NO[narrow(value).casefold()]
    except KeyError:
        raise ValueError("is neither yes nor no (是, 否)") from None


def currency(value: str) -> str:
    """A currency by its ISO 4217 code, or by its Chinese name."""
    code = narrow(value).upper()
    code = _CURRENCY_WORDS.get(code, code)
    if code not in _CURRENCIES:
        raise ValueError("is not a currency of ISO 4217 such as CNY")
    return code


def _word(value: str) -> str:
    return re.sub(r"[\s-]+", "_", narrow(value).casefold())


def choice(words: Mapping[str, str]) -> Reader:
    """One of the canonical values; each may be written as itself or as one of its other words,
    which are given as "一, 二"."""
    known = {_word(value): value for value in words}
    known |= {_word(also): value for value, others in words.items() for also in others.split(", ") if also}

    def read(value: str) -> str:
        try:
            return known[_word(value)]
        except KeyError:
            raise ValueError(f"is none of {', '.join(words)}") from None

    return read


language = choice({"zh": "中文, 汉语, 简体中文, zh_cn, zh_hans, chinese", "en": "英文, 英语, en_us, en_gb, english"})

_SEPARATORS = re.compile(r"[;,、；，\n]+")


def several(one: Reader) -> Reader:
    """Values separated by ; or , or 、, without order and repetition."""

    def read(value: str) -> tuple[str, ...]:
        return tuple(sorted({one(part.strip()) for part in _SEPARATORS.split(value) if part.strip()}))

    return read


_SIGNAL = choice({kind: ", ".join(words) for kind, words in SIGNALS.items()})


def signal_kind(value: str) -> str:
    """A kind of warning signal by its key or Chinese name; another stays as the institution calls it."""
    try:
        return _SIGNAL(value)
    except ValueError:
        return text(100)(value)


_ROLE = choice({role: ", ".join(words) for role, words in ROLES.items()})


def role(value: str) -> str:
    """A role by its key or by its Chinese name."""
    try:
        return _ROLE(value)
    except ValueError:
        close = get_close_matches(value, ROLES, 1)
        hint = f"; is {close[0]} meant?" if close else f"; the roles are {', '.join(ROLES)}"
        raise ValueError(f"is not a role{hint}") from None
