#!/usr/bin/env bash
# Installs the system packages that some tests need, where this machine lets us; says what is missing where it does not.
set -u
wanted=()
command -v java >/dev/null || wanted+=(openjdk-17-jre-headless)
command -v npm >/dev/null || wanted+=(nodejs npm)
[ ${#wanted[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${wanted[*]}"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${wanted[@]}"; } \
    >/dev/null || echo "Could not install ${wanted[*]}; the tests on AWS's DynamoDB Local will be skipped." >&2
else
  echo "Missing: ${wanted[*]}. The tests on AWS's DynamoDB Local will be skipped." >&2
fi
