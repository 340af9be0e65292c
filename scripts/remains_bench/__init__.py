"""What `scripts.bench_remains` is made of."""
