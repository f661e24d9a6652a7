#!/usr/bin/env bash
# LIBERO's environment: data/sims/libero
exec "$(dirname "$0")/environment.sh" libero
