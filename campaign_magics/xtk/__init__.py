"""The XTK language: names, types, expressions, hardened XML."""
