"""What the ledger and the imports keep about a person."""

from .models import ProductImport, StockMovement


def stock_data(user):
    """Return the rows of the ledger that a user has caused, and their imports, as a dict of two lists of dicts."""
    imports = ProductImport.objects.filter(by=user.username).order_by("pk")
    return {
        "stock_movements": list(
            StockMovement.objects.filter(by=user)
            .order_by("pk")
            .values("id", "product", "kind", "delta", "balance", "order", "note", "created_at")
        ),
        "imports": list(imports.values("digest", "created", "changed", "unchanged", "created_at")),
    }


def erase_ledger_notes(user):
    """Erase the notes that a user wrote in the ledger. The numbers stay."""
    StockMovement.objects.filter(by=user).exclude(note="").update(note="")


def rename_imports(username, anonymous):
    """Rename the user in their imports, which refer to them only by username."""
    ProductImport.objects.filter(by=username).update(by=anonymous.username)
