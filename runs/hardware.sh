# What a machine is good for, for scripts that train: sourced once .venv is on the PATH. One process per GPU, or one per core of the
# two-core machine whose numbers are in results/.
processes=${PROCESSES:-$(python -c 'import torch; print(torch.cuda.device_count() or 2)')}
precision=float32
# Autocast to bf16 is faster where the processor multiplies it, and slower where it does not.
if grep -qs avx512_bf16 /proc/cpuinfo || [ "$(python -c 'import torch; print(torch.cuda.is_available())')" = True ]; then
    precision=bf16
fi
