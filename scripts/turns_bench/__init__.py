"""What `scripts.bench_turns` is made of."""
