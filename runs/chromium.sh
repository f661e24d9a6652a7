#!/usr/bin/env bash
# Make sure that there is a Chromium for the tests of the fleet's page, where it may be installed. Usage: runs/chromium.sh
set -euo pipefail
there() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
there >/dev/null && exit 0
apt=""
if [ "$(id -u)" = 0 ]; then apt="apt-get"; elif sudo -n true 2>/dev/null; then apt="sudo -n apt-get"; fi
if [ -n "$apt" ] && command -v apt-get >/dev/null; then
    timeout 60 $apt update -qq >/dev/null && timeout 240 $apt install -y -qq --no-install-recommends chromium >/dev/null || true
fi
there >/dev/null || echo "There is no Chromium: the tests of the fleet's page are skipped. Type:  sudo apt-get install -y chromium" >&2
