#!/bin/sh
# Runs the tests of the library in a container that has no compiler, as a user's may be.
set -eu
if ! command -v npm > /dev/null; then
  dnf module enable -y nodejs:20
  dnf install -y nodejs npm
fi
npm ci --ignore-scripts
npm run build:ts
npx ava
