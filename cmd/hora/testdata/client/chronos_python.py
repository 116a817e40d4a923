"""Calls that users of PyPI's chronos-python make, against the server in argv[1].

Without a version the client speaks to /scheduler as to Chronos 2.4, with v1 to
/v1/scheduler as to 3.0. It exits with a traceback if an answer is not what the
client's users know.
"""
import sys
import time

import chronos


def until(what, ask):
    """Asks until the answer is true; a minute at most."""
    end = time.time() + 60
    while time.time() < end:
        got = ask()
        if got:
            return got
        time.sleep(0.1)
    raise AssertionError(what + " did not come")


def refused(call, *args):
    """What is wrong raises the client's own error, not one of its JSON or HTTP parts."""
    try:
        call(*args)
    except chronos.ChronosAPIError:
        return
    raise AssertionError("%s%r was not refused" % (call.__name__, args))


def play(server, version):
    c = chronos.connect(server, scheduler_api_version=version)
    tag = version or "v0"
    parent, child = "parent-" + tag, "child-" + tag

    def job(name):
        return {j["name"]: j for j in c.list()}.get(name)

    assert c.list() == [], c.list()
    base = {"name": parent, "command": "echo hello", "owner": "ann@example.org", "disabled": False, "async": False}
    assert c.add(dict(base, schedule="R/2030-01-01T00:00:00Z/PT1H")) is None
    assert c.add({"name": child, "command": "true", "owner": "", "disabled": False, "async": False, "parents": [parent]}) is None
    assert [j["name"] for j in c.list()] == [parent, child]
    assert job(child)["parents"] == [parent]

    # update replaces the definition; the schedule and what is not said have their defaults
    c.update(dict(base, schedule="R/2031-01-01T00:00:00Z/PT2H", description="changed"))
    assert job(parent)["description"] == "changed" and job(parent)["schedule"] == "R/2031-01-01T00:00:00Z/PT2H"

    # what list gives can be given back, counters included
    c.run(parent)
    until("a success of the parent", lambda: job(parent)["successCount"] == 1)
    until("a success of the child", lambda: job(child)["successCount"] == 1)
    before = job(parent)
    c.update(before)
    assert job(parent) == before, (before, job(parent))

    assert [j["name"] for j in c.search(name="parent")] == [parent]
    assert [j["name"] for j in c.search(command="hello")] == [parent]
    assert c.search(name="nothing like it") == []

    for stat in ("99th", "98th", "95th", "75th", "median", "mean"):
        rows = getattr(c, "scheduler_stat_" + stat)()
        assert sorted(r["jobNameLabel"] for r in rows) == sorted([parent, child]), rows
        assert all(r["time"] > 0 for r in rows), rows
    stat = c.job_stat(parent)
    assert stat["histogram"]["count"] == 1 and stat["histogram"]["median"] > 0, stat
    assert [t["status"] for t in stat["taskStatHistory"]] == ["Success"], stat

    graph = c.scheduler_graph().splitlines()
    assert "node,%s,success,idle" % parent in graph and "link,%s,%s" % (parent, child) in graph, graph

    # the client sends no Accept, which gets Prometheus' text; Chronos' figures have to be asked for
    assert "hora_" in c.metrics()
    figures = chronos.connect(server, scheduler_api_version=version, extra_headers={"Accept": "application/json"}).metrics()
    assert figures["counters"]["jobs.run.success." + parent]["count"] == 1, figures["counters"]
    assert figures["histograms"]["jobs.run.time." + parent]["count"] == 1, figures["histograms"]

    # tasks that run are killed
    c.add(dict(base, name="long-" + tag, command="sleep 1000", schedule="R/2031-01-01T00:00:00Z/PT2H"))
    c.run("long-" + tag)
    until("a running task", lambda: "running" in c.scheduler_graph())
    c.delete_tasks("long-" + tag)
    until("the end of the task", lambda: "running" not in c.scheduler_graph())

    refused(c.delete, "nobody")
    refused(c.run, "nobody")
    refused(c.job_stat, "nobody")
    refused(c.add, dict(base, schedule="soon"))
    for name in (child, parent, "long-" + tag):
        assert c.delete(name) is None
    assert c.list() == []


for each in ("v1", None):  # in this order: having spoken to 2.4 once, the client wants its fields for ever
    play(sys.argv[1], each)
print("all calls answered")
