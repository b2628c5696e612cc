from django.core.management import BaseCommand, CommandError

from accounts.models import User
from accounts.sessions import end_sessions
from order_management.ops.logging import security_event


class Command(BaseCommand):
    help = "End the tokens and admin sessions of all users or of one user, who must then log in again."

    def add_arguments(self, parser):
        parser.add_argument("--user", metavar="NAME", help="only those of this user")

    def handle(self, *, user, **options):
        users = User.objects.all() if user is None else self.get_users(user)
        ended = end_sessions(users)
        security_event("sessions_ended", users=ended)
        self.stdout.write(f"Ended the sessions of {ended} user{'' if ended == 1 else 's'}.")

    def get_users(self, username):
        users = User.objects.with_username(username)
        if not users.exists():
            raise CommandError(f"There is no user named {username!r}.")
        return users
