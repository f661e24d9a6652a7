#!/usr/bin/env bash
# ALOHA's environment: data/sims/aloha
exec "$(dirname "$0")/environment.sh" aloha
