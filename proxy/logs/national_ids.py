"""Numbers by which states know their people, a few of them: how each looks, and whether its check digit is right.

US social security number (https://www.ssa.gov/employer/randomizationfaqs.html), UK national insurance number
(https://www.gov.uk/hmrc-internal-manuals/national-insurance-manual/nim39110), German Steuer-ID
(https://kryptografie.de/kryptografie/chiffre/steuer-id.htm), French NIR (https://www.insee.fr/en/metadonnees/definition/c1409),
Spanish DNI and NIE (https://ordenacionjuego.es/gl/calculo-digito-control).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

#: UK prefixes that are not given out; neither are D F I Q U V in one, nor O as its second letter.
NOT_GIVEN = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})
#: The letter of a Spanish number, by the number modulo 23, and what stands for the first letter of a foreigner's.
DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
FOREIGN = str.maketrans("XYZ", "012")
#: Corsica's departments count as these in the key of a French number.
CORSICA = str.maketrans({"A": "0", "B": "0"})
CORSICAN = {"A": 1_000_000, "B": 2_000_000}


def check_nino(found: re.Match[str]) -> int | None:
    return None if found[1] in NOT_GIVEN else found.end()


def check_steuer_id(found: re.Match[str]) -> int | None:
    """ISO 7064, MOD 11,10. Of its first ten digits one stands there twice or three times, and no other does."""
    digits = [int(char) for char in found[0] if char != " "]
    repeated = [times for times in Counter(digits[:10]).values() if times > 1]
    product = 10
    for digit in digits[:10]:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return found.end() if repeated in ([2], [3]) and (11 - product) % 10 == digits[10] else None


def check_nir(found: re.Match[str]) -> int | None:
    """The last two digits are 97 less the rest modulo 97."""
    plain = found[0].replace(" ", "")
    body, key = plain[:13], int(plain[13:])
    number = int(body.translate(CORSICA)) - CORSICAN.get(body[6], 0)
    return found.end() if 97 - number % 97 == key else None


def check_dni(found: re.Match[str]) -> int | None:
    number, letter = found[1], found[2]
    plain = re.sub("[- .]", "", number).translate(FOREIGN)
    return found.end() if DNI_LETTERS[int(plain) % 23] == letter else None


NATIONAL: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], int | None]], ...] = (
    (re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}([- ])(?!00)[0-9]{2}\1(?!0000)[0-9]{4}(?![\w-])"), re.Match.end),
    (re.compile(r"(?<!\w)([A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z])(?: ?[0-9]{2}){3} ?[A-D](?!\w)"), check_nino),
    (
        re.compile(r"(?<!\w)[1-478] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}(?!\w)"),
        check_nir,
    ),
    (re.compile(r"(?<!\w)[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}(?!\w)"), check_steuer_id),
    (re.compile(r"(?<!\w)([0-9]{8}|[0-9]{2}\.[0-9]{3}\.[0-9]{3}|[XYZ][- ]?[0-9]{7})[- ]?([A-Z])(?!\w)"), check_dni),
)
