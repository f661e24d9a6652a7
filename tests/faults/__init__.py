"""What goes wrong between a robot and its brain, done on purpose, with the real server and executor.

`runs/faults.sh` runs every case and writes results/faults; `test_faults.py` a part of them.
"""
