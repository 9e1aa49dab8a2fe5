"""How the world is reached. Siblings never import each other."""
