//! Promise: the funnel counts every opportunity once, at any basis, and its figures are those worked
//! out by hand.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::{Place, register};

fn noon(day: &str) -> String {
    format!("2026-{day}T04:00:00Z")
}

fn cny(yuan: i64) -> Value {
    json!({ "minor": yuan * 100, "currency": "CNY" })
}

/// A ledger in which things are told on the day they happen, unless said otherwise.
struct World {
    place: Place,
}

impl World {
    async fn new() -> World {
        let place = Place::founded(1);
        let stage = |name: &str, percent: u8| json!({ "name": name, "label_zh": name, "probability_percent": percent });
        let pipeline = json!({
            "command": "publish_policy_version", "policy": "three", "version": 1, "pipeline": {
                "stages": [stage("s1", 10), stage("s2", 40), stage("s3", 80)],
                "lost_reasons": ["price", "other"],
            },
        });
        place.take(json!([[pipeline], [register("C-1", "一")], [register("C-2", "二")]])).await;
        World { place }
    }

    fn today(&self, day: &str) {
        self.place.clock.set(&noon(day));
    }

    /// Tells something that happened on a day about an opportunity.
    async fn say(&self, day: &str, opportunity: &str, command: &str, mut more: Value) {
        let odd = opportunity.ends_with(['1', '3', '5']);
        more["customer"] = json!(if odd { "C-1" } else { "C-2" });
        more["command"] = json!(command);
        more["opportunity"] = json!(opportunity);
        more["effective_at"] = json!(noon(day));
        self.place.take(json!([[more]])).await;
    }

    async fn open(&self, day: &str, opportunity: &str, yuan: i64) {
        let about = json!({
            "pipeline": "three", "stage": "s1", "amount": cny(yuan), "owner": "U-07",
            "source": if yuan > 200 { "fair" } else { "web" }, "expected_close_on": "2026-02-10",
        });
        self.say(day, opportunity, "open_opportunity", about).await;
    }

    async fn go(&self, day: &str, opportunity: &str, to: &str) {
        let to = json!({ "to": to, "reason": "as it went" });
        self.say(day, opportunity, "change_opportunity_stage", to).await;
    }

    async fn lose(&self, day: &str, opportunity: &str) {
        let lost = json!({ "lost_reason": "price", "closed_on": format!("2026-{day}") });
        self.say(day, opportunity, "lose_opportunity", lost).await;
    }

    async fn ask(&self, query: &str) -> Value {
        self.place.get(&format!("/v1/funnel{query}&pipeline=three")).await
    }
}

/// Five opportunities: straight to won; skipped and lost; back and forth; still at the start; lost
/// and reopened.
async fn five() -> World {
    let world = World::new().await;
    world.open("01-02", "O-1", 100).await;
    world.open("01-05", "O-2", 200).await;
    world.today("01-08");
    world.open("01-08", "O-3", 300).await;
    world.today("01-10");
    world.go("01-10", "O-1", "s2").await;
    world.today("01-12");
    world.go("01-12", "O-3", "s2").await;
    world.today("01-15");
    world.go("01-15", "O-2", "s3").await;
    world.today("01-18");
    world.go("01-18", "O-3", "s3").await;
    world.today("01-20");
    world.go("01-20", "O-1", "s3").await;
    world.open("01-20", "O-4", 400).await;
    world.today("01-22");
    world.go("01-22", "O-3", "s2").await;
    world.today("01-25");
    world.lose("01-25", "O-2").await;
    world.today("02-01");
    let won = json!({ "amount": cny(150), "closed_on": "2026-02-01" });
    world.say("02-01", "O-1", "win_opportunity", won).await;
    world.today("02-02");
    world.open("02-02", "O-5", 500).await;
    world.today("02-03");
    world.go("02-03", "O-3", "s3").await;
    world.today("02-05");
    world.go("02-05", "O-5", "s2").await;
    world.today("02-10");
    world.lose("02-10", "O-5").await;
    world.today("02-12");
    let again = json!({ "to_stage": "s2", "reason": "they called again" });
    world.say("02-12", "O-5", "reopen_opportunity", again).await;
    world.today("02-15");
    world
}

fn each(answer: &Value, of: &str) -> Vec<Value> {
    answer["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage.pointer(of).unwrap().clone())
        .collect()
}

#[tokio::test]
async fn the_snapshot_the_cohorts_and_the_conversions_are_those_worked_out_by_hand() {
    let world = five().await;
    let snapshot = world.ask("?").await;
    assert_eq!(each(&snapshot, "/here/count"), [1, 1, 1]);
    assert_eq!(each(&snapshot, "/here/amounts/0/minor"), [40_000, 50_000, 30_000]);
    assert_eq!(each(&snapshot, "/weighted/0/minor"), [4_000, 20_000, 24_000]);
    let total = &snapshot["total"];
    assert_eq!((&total["won"]["count"], &total["lost"]["count"]), (&json!(1), &json!(1)));
    assert_eq!((&total["win_rate"], &total["cycle_days"]), (&json!("50.00"), &json!("30.00")));
    // 150 won of 150 and 200.
    assert_eq!(total["win_rate_by_amount"][0]["percent"], "42.86");

    let january = world.ask("?cohort=created&from=2026-01-01&to=2026-01-31").await;
    assert_eq!(january["total"]["counted"], 4);
    assert_eq!(each(&january, "/reached"), [4, 3, 3]);
    assert_eq!(each(&january, "/visited"), [4, 2, 3]);
    assert_eq!(each(&january, "/conversion"), ["75.00", "100.00", "33.33"]);
    assert_eq!(each(&january, "/conversion_strict"), ["75.00", "100.00", "33.33"]);
    assert_eq!(each(&january, "/went_back"), [1, 1, 1]);
    assert_eq!(each(&january, "/entered_again"), [0, 1, 1]);
    assert_eq!(each(&january, "/dwell/median"), [8, 10, 10]);
    let entered = world.ask("?cohort=entered&from=2026-02-01").await;
    assert_eq!(each(&entered, "/reached"), [1, 1, 0]);
    let active = world.ask("?cohort=active&from=2026-01-23&to=2026-02-02").await;
    assert_eq!(each(&active, "/reached"), [2, 1, 2]);
}

#[tokio::test]
async fn every_figure_is_as_long_as_its_list_and_names_its_events() {
    let world = five().await;
    let cohort = "cohort=created&from=2026-01-01&to=2026-01-31";
    let january = world.ask(&format!("?{cohort}")).await;
    for (number, stage) in ["s1", "s2", "s3"].into_iter().enumerate() {
        let of = [("reached", "reached"), ("visited", "visited"), ("went_on", "went_on")];
        for (figure, field) in of {
            let path = format!("/opportunities?{cohort}&figure={figure}&stage={stage}");
            let listed = world.ask(&path).await;
            assert_eq!(listed["total"], january["stages"][number][field], "{path}");
            assert_eq!(listed["opportunities"].as_array().unwrap().len(), listed["total"]);
        }
    }
    let lost = world.ask("/opportunities?figure=lost").await;
    let line = &lost["opportunities"][0];
    assert_eq!((&line["opportunity"], &line["outcome"]), (&json!("O-2"), &json!("lost")));
    let mut kinds = Vec::new();
    for position in line["events"].as_array().unwrap() {
        let event = world.place.get(&format!("/v1/events/{position}")).await;
        kinds.push(event["event"]["kind"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds, ["opportunity.opened", "opportunity_stage.changed", "opportunity.lost"]);
    let open = world.ask("/opportunities?figure=open&limit=1").await;
    // C-1 has O-3 and O-5: a customer's lines are all on one page.
    assert_eq!((&open["total"], &open["next"]), (&json!(3), &json!("C-1")));
    let rest = world.ask("/opportunities?figure=open&limit=1&after=C-1").await;
    assert_eq!(
        (&rest["opportunities"][0]["opportunity"], &rest["next"]),
        (&json!("O-4"), &Value::Null)
    );
    assert_eq!(rest["opportunities"][0]["probability_percent"], 10);
    let problem = world.place.problem("/v1/funnel/opportunities?figure=here&pipeline=three").await;
    assert_eq!((&problem["code"], &problem["field"]), (&json!("malformed"), &json!("stage")));
}

#[tokio::test]
async fn a_reopened_loss_is_there_again_at_the_basis_before() {
    let world = five().await;
    for basis in ["as_of=2026-02-11", "as_of=2026-02-11&known_at=2026-02-11"] {
        let before = world.ask(&format!("?{basis}")).await;
        let total = &before["total"];
        assert_eq!((&total["won"]["count"], &total["lost"]["count"]), (&json!(1), &json!(2)));
    }
    // What is told late changes no earlier answer.
    let told = "?as_of=2026-01-31&known_at=2026-01-31";
    let mut early = world.ask(told).await;
    world.today("02-20");
    world.open("01-30", "O-6", 600).await;
    let mut later = world.ask(told).await;
    for answer in [&mut early, &mut later] {
        answer["basis"].as_object_mut().unwrap().remove("learned_later");
    }
    assert_eq!(early, later);
    let today = world.ask("?as_of=2026-01-31").await;
    assert_eq!(today["total"]["counted"], 5, "with all that is known now");
}

#[tokio::test]
async fn what_was_won_and_is_open_again_brings_what_was_expected() {
    let world = five().await;
    let again = json!({ "to_stage": "s3", "reason": "they took it back" });
    world.say("02-14", "O-1", "reopen_opportunity", again).await;
    let now = world.ask("?").await;
    assert_eq!(
        (&now["total"]["won"]["count"], &now["total"]["win_rate"]),
        (&json!(0), &json!("0.00"))
    );
    // 100 expected of O-1, which had brought 150, and 300 of O-3.
    assert_eq!(now["stages"][2]["here"]["amounts"][0]["decimal"], "400.00");
    let before = world.ask("?as_of=2026-02-13").await;
    assert_eq!(before["total"]["won"]["amounts"][0]["decimal"], "150.00");
}

#[tokio::test]
async fn opportunities_are_told_apart_and_left_out() {
    let world = five().await;
    let by = world.ask("?by=source").await;
    let groups = by["groups"].as_array().unwrap();
    let told = |group: &Value| (group["group"].clone(), group["counted"].clone());
    assert_eq!(
        groups.iter().map(told).collect::<Vec<_>>(),
        [(json!("fair"), json!(3)), (json!("web"), json!(2))]
    );
    assert_eq!(groups[1]["win_rate"], "50.00");
    let by = world.ask("?by=reason").await;
    assert_eq!(by["groups"][0]["group"], Value::Null);
    assert_eq!(
        (&by["groups"][1]["group"], &by["groups"][1]["counted"]),
        (&json!("price"), &json!(1))
    );
    let by = world.ask("?by=opened").await;
    assert_eq!(
        (&by["groups"][0]["group"], &by["groups"][0]["counted"]),
        (&json!("2026-01"), &json!(4))
    );
    assert_eq!(world.ask("?source=web").await["total"]["counted"], 2);
    assert_eq!(world.ask("?owner=U-07").await["total"]["counted"], 5);
    assert_eq!(world.ask("?owner=U-08").await["total"]["counted"], 0);
}

#[tokio::test]
async fn a_period_is_measured_against_what_was_foreseen_on_its_eve() {
    let world = five().await;
    let new = json!({ "amount": cny(300), "expected_close_on": "2026-03-20" });
    world.say("02-15", "O-3", "revise_opportunity_forecast", json!({ "new": new })).await;
    // Told late: open on the eve of February, but nobody knew.
    world.open("01-30", "O-6", 600).await;
    let february = world.ask("/period?from=2026-02-01&to=2026-02-28").await;
    assert_eq!((&february["opened"]["count"], &february["won"]["count"]), (&json!(1), &json!(1)));
    assert_eq!((&february["lost"]["count"], &february["win_rate"]), (&json!(0), &json!("100.00")));
    // O-3, O-4, O-5 and O-6 are open; one won for 150 after 30 days: 4 x 1 x 150 / 30 = 20 a day.
    assert_eq!(february["open"]["count"], 4);
    assert_eq!(february["velocity"][0]["a_day"]["decimal"], "20.00");
    assert_eq!(february["slipped"]["past_the_end"]["count"], 1);
    assert_eq!(
        (&february["slipped"]["pushes"], &february["slipped"]["pushes_most"]),
        (&json!(1), &json!(1))
    );
    // On the eve: O-1 in s3 (100 x 80 %), O-3 in s2 (300 x 40 %), O-4 in s1 (400 x 10 %): 240; won 150.
    let foreseen = &february["foreseen"];
    assert_eq!((&foreseen["day"], &foreseen["open"]["count"]), (&json!("2026-01-31"), &json!(3)));
    assert_eq!(foreseen["weighted"][0]["decimal"], "240.00");
    assert_eq!(foreseen["accuracy"][0]["percent"], "62.50");
    let problem = world.place.problem("/v1/funnel/period?from=2026-03-01&to=2026-02-01").await;
    assert_eq!(problem["code"], "malformed");
}

#[tokio::test]
async fn what_is_stuck_is_measured_from_its_last_entry() {
    let world = five().await;
    let none = world.ask("/stuck?").await;
    assert_eq!(none["total"], 0, "too few visits ended to say what is long: {none}");
    let stuck = world.ask("/stuck?days=10").await;
    let told = |line: &Value| (line["opportunity"].clone(), line["days"].clone());
    let lines = stuck["stuck"].as_array().unwrap();
    // O-3 came back to s3 on 02-03, twelve days ago, not on 01-18.
    assert_eq!(
        lines.iter().map(told).collect::<Vec<_>>(),
        [(json!("O-4"), json!(26)), (json!("O-3"), json!(12))]
    );
    // Eight who leave the first stage after five days say what is long.
    for number in 10..18 {
        let id = format!("O-{number}");
        world.open("02-01", &id, 100).await;
        world.go("02-06", &id, "s2").await;
    }
    let stuck = world.ask("/stuck?").await;
    let line = &stuck["stuck"][0];
    assert_eq!((&line["opportunity"], &line["limit_days"]), (&json!("O-4"), &json!(5)));
    assert_eq!(stuck["total"], 1);
    let missing = world.place.problem("/v1/funnel/stuck?pipeline=four").await;
    assert_eq!(missing["code"], "not_found");
    let missing = world.place.problem("/v1/funnel?cohort=created").await;
    assert_eq!(missing["code"], "malformed");
}
