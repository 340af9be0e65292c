"""What a call uses of its providers, counted where it is used."""
