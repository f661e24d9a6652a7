"""The image and the manifest start the server that there is, reach it, and ask it what it answers."""

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

from xr0.cli.main import run
from xr0.serve import server
from xr0.serve.adapter import ServedPolicy
from xr0_robot import wire

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
DEPLOYMENT, SERVICE = yaml.safe_load_all((ROOT / "deploy/kubernetes.yaml").read_text())
(CONTAINER,) = DEPLOYMENT["spec"]["template"]["spec"]["containers"]


def started(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> tuple[str, server.Settings]:
    """Which robot's policy `xr0 serve ARGUMENTS` would serve, and how."""
    seen: list[tuple[ServedPolicy, server.Settings]] = []
    monkeypatch.setattr(server, "serve", lambda policy, settings: seen.append((policy, settings)))
    monkeypatch.chdir(ROOT)  # as the image's working directory holds what is copied there
    assert run(["serve", *arguments]) == 0
    ((served, settings),) = seen
    return served.metadata()[wire.EMBODIMENT]["name"], settings


def test_the_image_serves_the_shipped_policy_to_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    command = json.loads(re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[-1])
    robot, settings = started(monkeypatch, command)
    assert robot == "bricks"
    assert (settings.host, settings.port) == ("0.0.0.0", 8000)
    assert "EXPOSE 8000" in DOCKERFILE and "127.0.0.1:8000/healthz" in DOCKERFILE


def test_what_the_image_copies_is_there_and_let_through() -> None:
    copied = [
        name for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
    ]
    allowed = (ROOT / "deploy/Dockerfile.dockerignore").read_text().splitlines()
    assert len(copied) == 6
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in allowed


def test_the_manifest_serves_to_known_robots_on_the_port_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text('{"cell-1": {"key": "secret"}}')
    mounts = {mount["mountPath"]: mount["name"] for mount in CONTAINER["volumeMounts"]}
    (told,) = [each for each in CONTAINER["args"] if each.endswith("keys.json")]
    assert mounts[str(Path(told).parent)] == "keys"
    _, settings = started(monkeypatch, [str(keys) if each == told else each for each in CONTAINER["args"]])
    (port,) = CONTAINER["ports"]
    assert settings.port == port["containerPort"] and settings.host == "0.0.0.0"
    assert [group.name for group in settings.groups] == ["cell-1"]
    assert DEPLOYMENT["spec"]["replicas"] > 1 and settings.replica
    for probe in ("startupProbe", "readinessProbe"):
        assert CONTAINER[probe]["httpGet"] == {"path": "/healthz", "port": port["name"]}
    (outside,) = SERVICE["spec"]["ports"]
    assert outside["targetPort"] == port["name"]
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    assert SERVICE["spec"]["selector"] == DEPLOYMENT["spec"]["selector"]["matchLabels"] == labels


def defined(import_path: str) -> ast.FunctionDef:
    """What `module:function` names, without importing what only a Ray cluster has."""
    module, name = import_path.split(":")
    tree = ast.parse((ROOT / "src" / (module.replace(".", "/") + ".py")).read_text())
    (found,) = (each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == name)
    return found


def test_ray_serve_is_told_what_there_is() -> None:
    (application,) = yaml.safe_load((ROOT / "deploy/ray.yaml").read_text())["applications"]
    (deployment,) = application["deployments"]
    replica = (ROOT / "src/xr0/serve/cluster/replica.py").read_text()
    assert f'@serve.deployment(name="{deployment["name"]}"' in replica
    scaling = deployment["autoscaling_config"]
    assert [each.arg for each in defined(scaling["policy"]["policy_function"]).args.args] == ["context"]
    assert 1 < scaling["min_replicas"] < scaling["max_replicas"]
    assert [each.arg for each in defined(application["import_path"]).args.args] == ["given"]
    assert (ROOT / application["args"]["checkpoint"]).exists()
