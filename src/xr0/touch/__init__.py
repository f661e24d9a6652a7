"""TacRefineNet (arXiv 2509.25746), whole: simulator, network, training, baselines, report, server.

Nothing outside this folder imports it but the command line.
"""
