# The commands of everyday work. Each says what it does; `make` alone lists them.
.PHONY: help setup demo test unit contract bench fmt lint bless clean-demo
SHELL := /bin/sh
export PATH := $(HOME)/.cargo/bin:$(PATH)

help:
	@echo 'make demo    serves the example wholesaler on http://127.0.0.1:8080 until Ctrl-C'
	@echo 'make test    all tests: Rust, then the contract (schemathesis, linter, generated clients)'
	@echo 'make bench   measures speed beside programs that do only what must be done'
	@echo 'make fmt     formats; make lint checks format and clippy'
	@echo 'make bless   renews the golden documents in openapi/ and docs/'

demo:
	@scripts/setup.sh --for demo
	@scripts/demo.sh

setup:
	@scripts/setup.sh --for test

test: setup unit contract

unit:
	cargo test --workspace --locked

contract:
	tests/contract.sh

bench:
	@scripts/setup.sh --for bench
	cargo build --release --locked --bin banyan
	cargo run --release --locked --manifest-path benches/Cargo.toml
	cargo build --release --locked --bins --manifest-path benches/odbc/Cargo.toml
	cargo run --release --locked --manifest-path benches/odbc/Cargo.toml
	cargo run --release --locked --manifest-path benches/proxy/Cargo.toml
	cargo bench --locked -p banyan-screens

fmt:
	cargo fmt --all

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

bless:
	BLESS=1 INSTA_UPDATE=always cargo test --workspace --locked -- --skip killed_at_any_moment

clean-demo:
	rm -rf var/demo
