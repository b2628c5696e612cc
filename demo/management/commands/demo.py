import secrets

from django.contrib.auth.hashers import make_password
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from accounts.serializers import RegistrationSerializer
from demo.data import ADMINS, CUSTOMERS, username
from demo.shop import act_out
from demo.timeline import DAYS, timeline
from orders.models import Order
from products.models import Product

ADMIN, CUSTOMER, OTHER = (username(name) for name in (ADMINS[0], *CUSTOMERS[:2]))


def refuse_weak(password):
    """Ask of the password what a registration asks of it, for all who will have it."""
    for name in ADMINS + CUSTOMERS:
        form = RegistrationSerializer(data={"username": username(name), "password": password})
        if not form.is_valid():
            raise CommandError(" ".join(form.errors["password"]))


class Command(BaseCommand):
    help = f"Fill an empty database with a shop to try: products, customers, and orders of the last {DAYS} days."

    def add_arguments(self, parser):
        parser.add_argument("--password", help="what all its users log in with; a random one if not given")

    def handle(self, *, password, **options):
        # Where nobody is, there are no orders either.
        if User.objects.exists() or Product.objects.exists():
            raise CommandError(
                "There is data already: the demo needs an empty database. With SQLite: stop the server, delete "
                "db.sqlite3, and run make demo again."
            )
        if password is None:
            password = secrets.token_urlsafe(9)
        refuse_weak(password)
        # Hashed once, because that takes its time.
        act_out(timeline(timezone.now()), password=make_password(password))
        self.tell(password)

    def tell(self, password):
        self.stdout.write(
            f"A shop with {Product.objects.count()} products, {User.objects.count()} users "
            f"and {Order.objects.count()} orders of the last {DAYS} days.\n\n"
            f"Admin:     {ADMIN}\n"
            f"Customers: {CUSTOMER}, {OTHER}\n"
            f"Password:  {password}\n\n"
            "The password is not shown again. "
            "Start the server, and log in under /admin/ as the Admin, or try the calls under /api/docs/ as any of them."
        )
