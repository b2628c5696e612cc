"""The nemesis: it breaks a shop in every way it knows, at random but reproducibly, and heals it again."""
