#!/usr/bin/env bash
# The Lego table's policy from nothing, as runs/towels.sh. Usage: [FORM=quick] runs/lego.sh
cd "$(dirname "$0")/.."
world=lego
. runs/two_arms_parts.sh
demos 150
policies
cells 2100000 stolen
