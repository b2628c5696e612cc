"""The admin site and the base classes of its lists, fields and exports. Each app registers its own pages."""
