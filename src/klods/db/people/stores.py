"""All stores of people, together."""

from klods.db.database import Database
from klods.db.people.accounts import Accounts
from klods.db.people.links import Links
from klods.db.people.roles import Roles
from klods.db.people.sign_ins import SignIns
from klods.db.people.tokens import Tokens
from klods.db.people.tries import Tries
from klods.db.rows import Rows


class People:
    """Everybody who may sign in, and what lets them in."""

    def __init__(self, database: Database) -> None:
        rows = Rows(database)
        self.accounts = Accounts(rows)
        self.roles = Roles(rows)
        self.sign_ins = SignIns(rows)
        self.tokens = Tokens(rows)
        self.links = Links(rows, self.accounts)
        self.tries = Tries(rows)
