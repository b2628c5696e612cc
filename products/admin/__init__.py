"""The admin pages of the products and of the ledger."""

from .ledger import StockMovementAdmin
from .products import ProductAdmin

__all__ = ["ProductAdmin", "StockMovementAdmin"]
