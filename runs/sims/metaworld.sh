#!/usr/bin/env bash
# Meta-World's environment: data/sims/metaworld
exec "$(dirname "$0")/environment.sh" metaworld
