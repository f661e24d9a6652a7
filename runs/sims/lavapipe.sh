#!/usr/bin/env bash
# Vulkan on a CPU, Mesa 25.0.7 from Debian's bookworm-backports, unpacked into a folder and not installed; its
# lavapipe.json is for VK_ICD_FILENAMES. It wants libLLVM 15 of Debian 12. Usage: runs/sims/lavapipe.sh FOLDER
set -euo pipefail
pool=${DEBIAN_POOL:-http://deb.debian.org/debian/pool/main}
file=mesa-vulkan-drivers_25.0.7-2~bpo12+1_amd64.deb
sum=3899f1800424c60a05df5d6913076a526ca8fdbabec43672cd397563d1ca3263
mkdir -p "$1"
folder=$(cd "$1" && pwd)
python3 -c "import sys, urllib.request as u; u.urlretrieve(*sys.argv[1:])" "$pool/m/mesa/$file" "$folder/$file"
echo "$sum  $folder/$file" | sha256sum --check --quiet
dpkg-deb -x "$folder/$file" "$folder"
library=$folder/usr/lib/x86_64-linux-gnu/libvulkan_lvp.so
missing=$(ldd "$library" | grep "not found" || true)
[ -z "$missing" ] || { echo "lavapipe: lacks $missing; type:  sudo apt-get install libllvm15 libdrm2 libxshmfence1 libwayland-client0" >&2; exit 1; }
printf '{"file_format_version": "1.0.0", "ICD": {"api_version": "1.4.305", "library_path": "%s"}}\n' ./usr/lib/x86_64-linux-gnu/libvulkan_lvp.so > "$folder/lavapipe.json"
