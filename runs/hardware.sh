# What a machine is good for, for scripts that train: sourced by runs/board_parts.sh and runs/two_arms_parts.sh, once .venv is on the PATH.
processes=${PROCESSES:-$(python -c 'import torch; print(torch.cuda.device_count() or 2)')}
precision=float32
# Autocast to bf16 trains twice as fast where the processor multiplies it, and slower where it does not.
if grep -qs avx512_bf16 /proc/cpuinfo || [ "$(python -c 'import torch; print(torch.cuda.is_available())')" = True ]; then
    precision=bf16
fi
