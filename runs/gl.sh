#!/usr/bin/env bash
# Make sure that MuJoCo can draw without a screen, on OSMesa or EGL. Usage: runs/gl.sh PYTHON
set -euo pipefail
python=$1
draws() { "$python" -c "from xr0_robot.sims.bricks import BricksEnv; env = BricksEnv(); env.reset(0); env.render('base', 8, 8); env.close()" >/dev/null 2>&1; }
draws && exit 0
packages="libosmesa6 libegl1 libgl1 libglx-mesa0"
if command -v apt-get >/dev/null; then
    if [ "$(id -u)" = 0 ]; then as_root=(); elif sudo -n true 2>/dev/null; then as_root=(sudo -n); else as_root=(false); fi
    if "${as_root[@]}" true 2>/dev/null || [ "$(id -u)" = 0 ]; then
        "${as_root[@]}" apt-get update -qq >/dev/null
        "${as_root[@]}" apt-get install -y -qq --no-install-recommends $packages >/dev/null
        draws && exit 0
    fi
fi
echo "MuJoCo cannot draw here. Type:  sudo apt-get install -y --no-install-recommends $packages   then make again." >&2
exit 1
