"""The base of the admin site: the site, lists, fields and the Export button. Each app registers its own pages."""
