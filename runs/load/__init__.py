"""The real server under the load of many robots: `runs/load.sh`."""
