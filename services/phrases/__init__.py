"""Audio of what is said again and again, kept between calls and between starts."""
