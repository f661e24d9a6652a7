#!/usr/bin/env bash
# Make sure that MuJoCo can draw without a screen: OSMesa or EGL. Usage: runs/gl.sh PYTHON
set -euo pipefail
python=$1
works() { "$python" -c "import xr0_robot.sims" >/dev/null 2>&1; }
works && exit 0
install="apt-get install -y --no-install-recommends libosmesa6"
if command -v apt-get >/dev/null; then
    if [ "$(id -u)" = 0 ]; then (apt-get update -qq && $install) >/dev/null && works && exit 0; fi
    if sudo -n true 2>/dev/null; then (sudo apt-get update -qq && sudo $install) >/dev/null && works && exit 0; fi
fi
echo "No off-screen GL library. Type:  sudo $install  (or your system's OSMesa or EGL package), then make again." >&2
exit 1
