#!/bin/sh
# Builds the binding in a container of AlmaLinux 8 (glibc 2.28) or Alpine (musl).
set -eu
export PATH="$HOME/.cargo/bin:$PATH"
if command -v apk > /dev/null; then
  apk add --no-cache build-base rustup
  rustup-init -y --profile minimal --default-toolchain 1.95
  # The binding takes musl from the Node that loads it.
  export RUSTFLAGS='-C target-feature=-crt-static'
else
  dnf module enable -y nodejs:20
  dnf install -y gcc nodejs npm rustup
  rustup-init -y --profile minimal --default-toolchain 1.95
fi
npm ci --ignore-scripts
npm run build:native
