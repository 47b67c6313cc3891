"""Results: the table, its order, the verdict, importances, and JSON."""

import optuna
import pytest
from small_search import plan_in

from charlstm.searching.findings import Results
from charlstm.searching.study import open_study


def add(study, plan, params, nats=None, state="COMPLETE", **attrs):
    """Add a finished trial with these nats, one for each seed."""
    seeds = [
        {"seed": k, "nats": n, "weights": 1234, "characters": 64, "seconds": 2, "steps": 2}
        for k, n in enumerate(nats or [])
    ]
    study.add_trial(
        optuna.create_trial(
            state=getattr(optuna.trial.TrialState, state),
            params=params,
            distributions={
                d.name: optuna.distributions.CategoricalDistribution(d.values)
                for d in plan.space.dimensions
            },
            value=sum(nats) / len(nats) if nats and state == "COMPLETE" else None,
            user_attrs={"seeds": seeds, **attrs},
        )
    )


@pytest.fixture
def results(tmp_path, corpus):
    plan = plan_in(tmp_path / "s", corpus, ["layers=1,2", "clip=none,1"], sampler="random",
                   repeat=3, trials=5)  # fmt: skip
    study = open_study(plan)
    add(study, plan, {"layers": 1, "clip": None}, [2.1, 2.2, 2.3])
    add(study, plan, {"layers": 2, "clip": None}, [2.0, 2.1, 2.21])
    add(study, plan, {"layers": 1, "clip": 1.0}, state="PRUNED", pruned=35)
    add(study, plan, {"layers": 2, "clip": 1.0}, state="FAIL", error="it diverged")
    return Results(plan, study)


def test_the_best_is_first_and_what_did_not_end_is_last(results):
    head, *rows = list(results.table())[:5]
    assert head.split() == "layers clip mean nats 95 % interval weights characters seconds".split()
    assert rows[0].split()[:4] == ["1", "2", "none", "2.1033"]
    assert rows[1].split()[:4] == ["2", "1", "none", "2.2000"]
    assert rows[2].split() == ["3", "1", "1", "pruned", "at", "35", "%"]
    assert rows[3].split() == ["4", "2", "1", "failed"]
    assert not results.is_done()


def test_the_verdict_is_paired_by_seed(results):
    told = "\n".join(results.table())
    assert "the best is apart from the second: 0.0967 nats lower" in told
    assert "paired by seed, 3 seeds" in told
    assert "equal steps; time and weights differ" in told


def test_a_difference_that_seeds_could_make_is_not_called_one(tmp_path, corpus):
    plan = plan_in(tmp_path / "s", corpus, repeat=3)
    study = open_study(plan)
    add(study, plan, {"layers": 1, "hidden_size": 4}, [2.0, 2.2, 2.3])
    add(study, plan, {"layers": 2, "hidden_size": 4}, [2.1, 2.21, 2.5])
    assert "the best is not apart from the second" in "\n".join(Results(plan, study).table())


def test_importance_needs_enough_settings(tmp_path, corpus):
    plan = plan_in(tmp_path / "s", corpus, ["layers=1,2", "hidden_size=4,6"], trials=20)
    study = open_study(plan)
    for k in range(12):
        params = {"layers": 1 + k % 2, "hidden_size": 4 + 2 * (k // 2 % 2)}
        add(study, plan, params, [2.0 + params["layers"] + 0.001 * k])
        if k == 8:
            assert Results(plan, study).importances() == {}
    found = Results(plan, study).importances()
    assert list(found) == ["layers", "hidden_size"]
    assert found["layers"] > 0.9
    assert sum(found.values()) == pytest.approx(1)


def test_the_machine_form_has_all(results):
    told = results.to_json()
    assert [s["state"] for s in told["settings"]] == ["complete", "complete", "pruned", "failed"]
    assert told["best"]["setting"] == {"layers": 2, "clip": None}
    assert told["best"]["interval"][0] < told["best"]["nats"] < told["best"]["interval"][1]
    assert told["run"].endswith("seed-0")
    assert told["command"].endswith("--layers 2 --clip none --seed 0")
    assert told["settings"][3]["error"] == "it diverged"


def test_batch_size_in_the_space_makes_characters_differ(tmp_path, corpus):
    plan = plan_in(tmp_path / "s", corpus, ["batch_size=4,8"])
    assert "characters, time and weights differ" in Results(plan, open_study(plan)).held_equal()
