#!/usr/bin/env bash
# Install the system packages that some tests and the bench need. Without the right to install, print what is missing.
set -u
wanted=()
command -v java >/dev/null || wanted+=(openjdk-17-jre-headless)
command -v npm >/dev/null || wanted+=(nodejs npm)
command -v h2load >/dev/null || wanted+=(nghttp2-client)
found=
for browser in chromium chromium-browser google-chrome; do command -v "$browser" >/dev/null && found=yes; done
[ -n "$found" ] || wanted+=(chromium)
[ ${#wanted[@]} -eq 0 ] && exit 0
without="Tests on AWS's DynamoDB Local need java and npm, tests of the console need a chromium, and the bench needs
h2load. Without them, these are skipped."
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${wanted[*]}"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${wanted[@]}"; } \
    >/dev/null || echo "Could not install ${wanted[*]}. $without" >&2
else
  echo "Missing: ${wanted[*]}. $without" >&2
fi
