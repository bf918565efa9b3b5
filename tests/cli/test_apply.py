"""`apply` prints a plan and every mistake with its place; `export` gives back what `apply` takes."""

import re
from pathlib import Path

import httpx

from tests.cli.support import Shell
from tests.server import ADMIN, bearer, process

DOCUMENT = """
apiVersion: 1
pipelines:
  - {slug: SLUG, name: NAME}
dashboards:
  - {slug: SLUG, title: Title, widgets: [{id: w, type: stat_card, position: {x: 0, y: 0, w: 3, h: 2}, query: {pipeline: SLUG, field: a}}]}
"""  # noqa: E501 a document as people write it


def document(slug: str, name: str = "One") -> str:
    return DOCUMENT.replace("SLUG", slug).replace("NAME", name)


def test_the_plan_says_what_is_made_changed_and_deleted(shell: Shell) -> None:
    made = shell.run("apply", shell.file("plan.yaml", document("plan")))
    assert made.exit_code == 0, made.output
    assert made.output.splitlines()[:3] == ["+ pipeline plan", "+ dashboard plan", "+ widget plan/w"]
    assert "Ingest token of plan (shown only now): ld_in_" in made.output
    again = shell.run("apply", "plan.yaml")
    assert (again.exit_code, again.output.splitlines()[-1]) == (0, "Nothing to do.")
    changed = shell.run("apply", shell.file("plan.yaml", document("plan", "Two")))
    assert changed.output.splitlines()[:2] == ["~ pipeline plan", '    name: "One" → "Two"']
    gone = shell.run("apply", shell.file("plan.yaml", "apiVersion: 1"))
    assert gone.output.splitlines()[:3] == ["- pipeline plan", "- dashboard plan", "- widget plan/w"]


def test_a_dry_run_changes_nothing(shell: Shell) -> None:
    shell.file("dry.yaml", document("dry"))
    for _ in range(2):
        result = shell.run("apply", "--dry-run", "dry.yaml")
        assert result.output.splitlines()[0] == "+ pipeline dry"
        assert result.output.splitlines()[-1] == "A dry run: nothing was changed."
    assert "dry" not in shell.run("export").output


def test_what_people_changed_stays_and_a_conflict_is_status_2(shell: Shell) -> None:
    shell.run("apply", shell.file("both.yaml", document("both")))
    by_hand = {"name": "By hand"}
    path = f"{shell.url}/api/pipelines/both"
    httpx.put(path, json=by_hand, headers=bearer(ADMIN)).raise_for_status()
    kept = shell.run("apply", "both.yaml")
    assert "= pipeline both: name was changed here and stays" in kept.output
    assert kept.exit_code == 0
    conflict = shell.run("apply", shell.file("both.yaml", document("both", "In the file")))
    assert any(line.startswith("! pipeline both") for line in conflict.output.splitlines())
    assert conflict.exit_code == 2
    assert httpx.get(path, headers=bearer(ADMIN)).json()["name"] == "By hand"


def test_every_mistake_with_file_and_line(shell: Shell) -> None:
    shell.file("one.yaml", "apiVersion: 1\npipelines:\n  - {slug: UPPER}\n  - {slug: a, nonsense: 1}\n")
    shell.file("two.yaml", "dashboards:\n  - slug: b\n    ingest_token: ${NOT_SET_ANYWHERE}\n")
    result = shell.run("apply", "one.yaml", "two.yaml")
    assert result.exit_code == 1
    places = re.findall(r"^\S+\.yaml:\d+(?=:)", result.stderr, re.MULTILINE)  # each on a line of its own, to be clicked
    assert {"one.yaml:3", "one.yaml:4", "two.yaml:3"} <= set(places)
    assert result.stderr.count("there is no key 'nonsense'") == 1  # each is said once


def test_variables_come_from_the_environment_of_who_applies(shell: Shell) -> None:
    shell.file("var.yaml", "apiVersion: 1\npipelines:\n  - {slug: var, ingest_token: '${VAR_INGEST}'}\n")
    missing = shell.run("apply", "var.yaml")
    assert missing.exit_code == 1
    assert "var.yaml:3: pipelines[0].ingest_token: the environment variable VAR_INGEST is not set" in missing.stderr
    assert shell.run("apply", "var.yaml", VAR_INGEST="var-ingest-token").exit_code == 0
    sent = httpx.post(f"{shell.url}/api/pipelines/var/records", json={"a": 1}, headers=bearer("var-ingest-token"))
    assert sent.status_code == 200


def test_files_that_cannot_be_read(shell: Shell) -> None:
    (shell.folder / "binary.yaml").write_bytes(b"a: \xff")
    said = [shell.run("apply", name).stderr for name in ("none.yaml", ".", "binary.yaml", "[/odd].yaml")]
    assert said == [
        "error: cannot read none.yaml: No such file or directory\n",
        "error: cannot read .: Is a directory\n",
        "error: binary.yaml is not UTF-8 text: byte 3 is 0xff\n",
        "error: cannot read [/odd].yaml: No such file or directory\n",
    ]


def test_export_gives_back_what_apply_takes(shell: Shell, tmp_path: Path) -> None:
    text = shell.run("export").output
    with process(tmp_path / "other") as (_, url):
        other = Shell(url, tmp_path)
        applied = other.run("apply", other.file("all.yaml", text), VAR_INGEST="var-ingest-token")
        assert applied.exit_code == 0, applied.output
        assert other.run("export").output == text
        assert other.run("apply", "all.yaml", VAR_INGEST="var-ingest-token").output.endswith("Nothing to do.\n")
