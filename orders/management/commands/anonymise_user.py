import sys

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.personal_data import AlreadyAnonymised, LastAdmin
from orders.personal_data import anonymise_user

QUESTION = """The name, email address and notes of {!r} will be erased, and their account deleted.
Their orders stay, under an anonymous name. This cannot be undone. Type 'yes' to continue: """


class Command(BaseCommand):
    help = (
        "Erase the name, email address, notes and sessions of a user. Their orders and the ledger stay, without a name."
    )

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME", help="the username, in any spelling")
        parser.add_argument(
            "--no-input", "--noinput", action="store_false", dest="interactive", help="do not ask in a terminal"
        )

    def handle(self, *, name, interactive, **options):
        user = User.objects.with_username(name).first()
        # A program that runs this has decided already.
        if user and interactive and sys.stdin and sys.stdin.isatty() and not user.is_anonymised:
            confirm(user)
        try:
            anonymous = anonymise_user(name)
        except User.DoesNotExist:
            raise CommandError(f"There is no user named {name!r}.") from None
        except AlreadyAnonymised as conflict:
            self.stdout.write(f"{conflict} Nothing was changed.")
        except LastAdmin as conflict:
            raise CommandError(str(conflict)) from conflict
        else:
            self.stdout.write(f"The user is now {anonymous}.")


def confirm(user):
    """Raise CommandError unless the operator types yes."""
    try:
        answer = input(QUESTION.format(user.username))
    except (EOFError, KeyboardInterrupt):  # Ctrl-D, Ctrl-C
        answer = ""
    if answer != "yes":
        raise CommandError("Nothing was changed.")
