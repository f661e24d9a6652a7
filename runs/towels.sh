#!/usr/bin/env bash
# The towels' policy from nothing: demonstrations, three stages, and success with the world frozen, stopping to think, and thinking
# while it moves by the default method, the paper's Λ and a prefix that all actions see. Estimated at 1 hour of
# demonstrations, 3 of training and 3 of evaluation on two CPU cores; of each call what is not there yet. Usage: [FORM=quick] runs/towels.sh
cd "$(dirname "$0")/.."
world=towels
. runs/two_arms_parts.sh
demos 200
policies
cells 1400000 moved
