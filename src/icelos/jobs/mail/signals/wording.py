"""Wording that presses for credentials, payment or haste, in several languages: weak signals, never more.

The phrases are written here from what such mails are known to say; genuine mail says them too, which is
why each group counts once and all together stay below the threshold of a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# One pattern a line. A space stands for any run of white space, "…" for up to three words between.
_PHRASES: Mapping[str, str] = {
    "asks to confirm an account": r"""
(?:verify|confirm|validate|update|re-?activate) (?:your|the) …(?:account|identity|password|mailbox|e-?mail)
(?:verify|confirm|update) (?:your|the) …(?:information|details)
(?:bestätigen|aktualisieren|verifizieren|überprüfen) sie …(?:konto|daten|identität|passwort|zugang)
(?:confirme[rz]?|vérifie[rz]?|mettre à jour) vo(?:tre|s) …(?:compte|identité|données|mot de passe)
(?:confirme|verifique|atualize|actualice|valide) (?:seus?|suas?|sus?) …(?:conta|cuenta|dados|datos)
(?:confirme|verifique|atualize|actualice|valide) (?:seus?|suas?|sus?) …(?:senha|contraseña|cadastro|identi)
(?:confermare?|verificare?|aggiornare?) (?:il|i|la) (?:tu|su)(?:o|oi|a) …(?:conto|account|dati|password)
(?:bevestig|controleer|verifieer) (?:uw|je) …(?:account|gegevens|identiteit|wachtwoord)
(?:подтвердите|обновите) …(?:аккаунт|учетную запись|учётную запись|данные|пароль)
(?:アカウント|パスワード|ご本人)[のを]?(?:確認|更新|認証)
(?:验证|確認|确认|更新)(?:您的)?(?:帐户|账户|帳戶|密码|邮箱)
""",
    "threatens to close or lock": r"""
(?:account|mailbox|access|service) (?:has been|will be|is|was) …(?:suspended|locked|limited|disabled)
(?:account|mailbox|access|service) (?:has been|will be|is|was) …(?:blocked|deactivated|terminated|closed)
(?:konto|postfach|zugang) (?:wird|wurde|ist) …(?:gesperrt|gelöscht|eingeschränkt|deaktiviert)
(?:sera|a été|est) …(?:suspendu|bloqué|désactivé|clôturé)
(?:será|foi|ha sido|está|fue) …(?:suspens[ao]|suspendid[ao]|bloquead[ao]|cancelad[ao]|desativad[ao])
(?:è stato|sarà|è stata) …(?:sospes[oa]|bloccat[oa]|disattivat[oa])
(?:будет|был) …(?:заблокирован|удалён|удален|отключен)
""",
    "presses for haste": r"""
(?:within|in) the next (?:12|24|36|48|72) ?(?:hours|hrs|h)\b
within (?:12|24|36|48|72) ?(?:hours|hrs|h)\b
\b(?:urgent(?:ly)?|act now|final (?:notice|warning)|last (?:warning|reminder))\b
\b(?:umgehend|dringend|letzte (?:mahnung|warnung|erinnerung))\b
innerhalb von (?:12|24|48|72) stunden
\b(?:immédiatement|dernier (?:rappel|avertissement))\b
\b(?:urgente|imediatamente|inmediatamente|último aviso|ultimo avviso)\b
\b(?:срочно|немедленно)\b
至急|緊急|紧急
""",
    "asks for a payment or new bank details": r"""
wire transfer|new (?:bank|account) details|change (?:my|of) direct deposit
bank (?:details|account) (?:has|have) changed
outstanding (?:invoice|payment)|payment (?:is )?(?:overdue|pending)
neue bankverbindung|offene rechnung|zahlung (?:ist )?(?:überfällig|ausstehend)
nouvelles? coordonnées bancaires|facture impayée
transferência bancária|transferencia bancaria|pagamento pendente|pago pendiente|boleto em atraso
pagamento in sospeso|fattura scaduta
(?:gift|itunes|steam|google play) cards?\b
""",
    "speaks of money to be had or to be paid in secret": r"""
inheritance|next of kin|unclaimed (?:funds?|estates?)|lottery|you have won|compensation fund
erbschaft|lotterie|sie haben gewonnen|gewinnbenachrichtigung
héritage|loterie|vous avez gagné
herança|herencia|lotería|você ganhou|ha ganado
(?:bitcoin|btc) …(?:wallet|address|adresse|carteira)
i have (?:recorded|hacked)|ich habe (?:sie|dich) (?:gefilmt|aufgenommen)
""",
}
MAX_SCANNED = 200_000
"""Characters of a message that are looked at: a reader does not read further either."""


def _compiled(phrases: str) -> re.Pattern[str]:
    """Runs of white space and words are bounded, so that a hostile text costs no more than a long one."""
    pattern = "|".join(phrases.split("\n")[1:-1])
    words = r"(?:\w{1,30}\s{1,9}){0,3}"
    return re.compile(
        pattern.replace(" ?", r"\s?").replace(" ", r"\s{1,9}").replace("…", words), re.IGNORECASE
    )


_GROUPS = {name: _compiled(phrases) for name, phrases in _PHRASES.items()}


def pressing_words(text: str) -> dict[str, str]:
    """Group -> the first words of it that were found."""
    found: dict[str, str] = {}
    for name, pattern in _GROUPS.items():
        match = pattern.search(text, 0, MAX_SCANNED)
        if match:
            found[name] = " ".join(match.group().split())[:120]
    return found
