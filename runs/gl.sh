#!/usr/bin/env bash
# Make sure that MuJoCo can draw without a screen, on OSMesa or EGL. Usage: runs/gl.sh PYTHON
set -euo pipefail
python=$1
packages="libosmesa6 libegl1 libgl1 libglx-mesa0"
picture="from xr0_robot.sims.bricks.world import open_table; env = open_table('trained'); env.reset(0); env.render('base', 8, 8); env.close()"
draws() { "$python" -c "$picture" >/dev/null 2>&1; }

draws && exit 0
apt=""
if [ "$(id -u)" = 0 ]; then apt="apt-get"; elif sudo -n true 2>/dev/null; then apt="sudo -n apt-get"; fi
if [ -n "$apt" ] && command -v apt-get >/dev/null; then
    $apt update -qq >/dev/null && $apt install -y -qq --no-install-recommends $packages >/dev/null || true
    draws && exit 0
fi
echo "MuJoCo cannot draw here. Type:  sudo apt-get install -y --no-install-recommends $packages   then make again." >&2
exit 1
