import secrets

from django.contrib.auth.hashers import make_password
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from accounts.serializers import RegistrationSerializer
from demo.data import ADMINS, CUSTOMERS, username
from demo.shop import replay
from demo.timeline import DAYS, timeline
from orders.models import Order
from products.models import Product

ADMIN, *CUSTOMER_NAMES = (username(name) for name in (ADMINS[0], *CUSTOMERS[:2]))


class Command(BaseCommand):
    help = f"Fill an empty database with a shop to try: products, customers, and orders of the last {DAYS} days."

    def add_arguments(self, parser):
        parser.add_argument("--password", help="the password of all its users; random if not given")

    def handle(self, *, password, **options):
        # Without users there are no orders either.
        if User.objects.exists() or Product.objects.exists():
            raise CommandError(
                "The database already contains data, and the demo needs an empty one. With SQLite: stop the server, "
                "delete db.sqlite3 and run make demo again."
            )
        if password is None:
            password = secrets.token_urlsafe(9)
        validate_password(password)
        # Hashed once for all users, because hashing is slow.
        replay(timeline(timezone.now()), password=make_password(password))
        self.print_logins(password)

    def print_logins(self, password):
        self.stdout.write(
            f"Created a shop with {Product.objects.count()} products, {User.objects.count()} users "
            f"and {Order.objects.count()} orders of the last {DAYS} days.\n\n"
            f"Admin:     {ADMIN}\n"
            f"Customers: {', '.join(CUSTOMER_NAMES)}\n"
            f"Password:  {password}\n\n"
            "The password is not shown again. "
            "Start the server and log in at /admin/ as the Admin, or try the API at /api/docs/ as any of these users."
        )


def validate_password(password):
    """Raise CommandError if a registration would refuse this password for any of the users."""
    for name in ADMINS + CUSTOMERS:
        form = RegistrationSerializer(data={"username": username(name), "password": password})
        if not form.is_valid():
            raise CommandError(" ".join(form.errors["password"]))
