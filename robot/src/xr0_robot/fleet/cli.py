"""xr0-robot fleet, person, light: subcommands only, no logic."""

from __future__ import annotations

import argparse
import getpass
import json
import secrets
import ssl
import threading
from pathlib import Path
from typing import Any

from xr0_robot.fleet import server
from xr0_robot.fleet.people import People, hashed

OPERATOR = "operator"
"""Who looks after the robots where no file says who may."""

HUB = f"ws://{server.HOST}:{server.PORT}"


def add_commands(commands: Any) -> None:
    """To the parser of xr0-robot."""
    fleet = commands.add_parser("fleet", help="the page from which a person looks after many robots")
    fleet.add_argument("--host", default=server.HOST)
    fleet.add_argument("--port", type=int, default=server.PORT, help="0 takes any free one")
    fleet.add_argument("--people", type=Path, default=None, help="who may log in (made by `person`)")
    fleet.add_argument("--robot-key", default=None, help="what robots must know to join")
    fleet.add_argument("--patience-s", type=float, default=server.PATIENCE_S, help="without a piece")
    fleet.add_argument("--journal", type=Path, default=Path("out/fleet.jsonl"), help="who did what, when")
    fleet.add_argument("--tls-certificate", type=Path, default=None)
    fleet.add_argument("--tls-key", type=Path, default=None)
    fleet.set_defaults(run=_fleet)

    person = commands.add_parser("person", help="add somebody to a file of people; asks for a password")
    person.add_argument("name")
    person.add_argument("--people", type=Path, required=True)
    person.set_defaults(run=_person)

    light = commands.add_parser("light", help="robots that only say that they work, for a look at the page")
    light.add_argument("--hub", default=HUB)
    light.add_argument("--robot-key", default=None)
    light.add_argument("--robots", type=int, default=100)
    light.add_argument("--piece-s", type=float, default=8.0, help="time of a piece")
    light.add_argument("--failure-rate", type=float, default=0.03, help="of the pieces")
    light.set_defaults(run=_light)


def _fleet(arguments: argparse.Namespace) -> int:
    settings = server.Settings(
        people=_people(arguments.people),
        host=arguments.host,
        port=arguments.port,
        robot_key=arguments.robot_key,
        patience_s=arguments.patience_s,
        journal=arguments.journal,
        tls=_tls(arguments.tls_certificate, arguments.tls_key),
    )
    server.serve(settings)
    return 0


def _people(path: Path | None) -> People:
    if path is not None:
        return People.read(path)
    password = secrets.token_urlsafe(9)
    print(f"log in as {OPERATOR} with {password} (until this ends; --people for names of your own)")
    return People({OPERATOR: hashed(password)})


def _person(arguments: argparse.Namespace) -> int:
    path: Path = arguments.people
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    People(entries)
    password = getpass.getpass(f"password of {arguments.name}: ")
    path.write_text(json.dumps({**entries, arguments.name: hashed(password)}, indent=1), encoding="utf-8")
    path.chmod(0o600)
    return 0


def _light(arguments: argparse.Namespace) -> int:
    from xr0_robot.fleet.light import Pace, light_robots

    if arguments.robots < 1 or not 0 <= arguments.failure_rate <= 1 or not arguments.piece_s > 0:
        raise ValueError("light: expected at least 1 robot, a failure rate from 0 to 1, and a time above 0")
    pace = Pace(arguments.piece_s, arguments.failure_rate)
    with light_robots(arguments.hub, arguments.robots, pace, arguments.robot_key):
        threading.Event().wait()
    return 0


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if (certificate is None) != (key is None):
        raise ValueError("TLS: expected both --tls-certificate and --tls-key, or none")
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
