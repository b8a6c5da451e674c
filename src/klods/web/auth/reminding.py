"""Writes the mail by which somebody chooses a new password."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from klods.db.people.accounts import Account
from klods.db.people.stores import People
from klods.errors import KlodsError
from klods.kernel.i18n import Texts
from klods.kernel.mailing import Content, Letter, compose
from klods.kernel.platforms import Platforms
from klods.web.addresses import trusted_address
from klods.web.auth.first_start import make_password_link

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reminder:
    """What somebody asked for: under which name, on which platform, in which language."""

    named: str
    platform_id: int
    locale: str


@dataclass(frozen=True)
class Reminding:
    """Sends links to those who could be meant."""

    people: People
    texts: Texts
    queue: Callable[[Letter, int], object]
    """Lets a mail of the hub wait, for a platform."""

    platforms: Callable[[], Platforms]
    address: str = ""
    """Where the hub can be reached, as its settings say."""

    def __call__(self, reminder: Reminder) -> None:
        """Write to everybody who could have meant themselves; whoever is unknown or has no address hears nothing."""
        if not self.base(reminder.platform_id):
            log.warning("no link to a new password can be sent: neither KLODS_ADDRESS nor a domain name says where to")
            return
        for account in self.people.accounts.to_remind(reminder.named, reminder.platform_id):
            try:
                self._write(account, reminder)
            except KlodsError as error:
                # It runs behind the answer, where nobody can be told; one wrong address keeps no mail from others.
                log.warning("no link to a new password could be sent to user %d: %s", account.id, error)

    def base(self, platform_id: int) -> str:
        """Where a link must lead; empty when nobody has said it."""
        return trusted_address(self.platforms().find(platform_id), self.address)

    def _write(self, account: Account, reminder: Reminder) -> None:
        platform = self.platforms().find(reminder.platform_id)
        locale = account.locale or platform.locale or reminder.locale
        link = make_password_link(self.people, account, self.base(platform.id))
        values = {
            "name": account.name or account.login,
            "login": account.login,
            "platform": platform.name,
            "link": link,
        }
        subject, text = self._say(locale, "subject", values), self._say(locale, "text", values)
        self.queue(compose(account.email, subject, Content(text), at=datetime.now(UTC)), platform.id)

    def _say(self, locale: str, key: str, values: Mapping[str, object]) -> str:
        return self.texts.text(locale, f"mail.password_{key}", values)
