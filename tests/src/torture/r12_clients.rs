//! R12: sixteen clients at once, over TCP, the private socket and the command line, while the server is
//! killed, stopped and started, connections break off anywhere, and commands take the ledger over. What
//! every client was told is compared with the log ([`super::history`]).

use std::io::ErrorKind;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::child::Trial;
use super::history::{self, Call, Logged, Outcome, What};
use super::served::Served;
use super::tortured::What as Kind;
use super::wire::{Cut, Reply, Wire};
use super::{Dice, TortureError};

const BAR: &str = "R12";
const CLIENTS: u64 = 16;
/// Of these: through the private socket, and as commands.
const PRIVATE: u64 = 4;
const COMMANDS: u64 = 2;
/// Customers that everybody writes to.
const HOT: u64 = 5;
/// A page shows so many of a customer's last events.
const SHOWN: usize = 5;
/// How long one call may be tried.
const PATIENCE: Duration = Duration::from_secs(60);
const STARTED_AT: &str = "2025-01-05T01:00:00Z";

/// Makes `count` calls in all and checks their history.
pub(super) fn run(count: u64) -> Result<Value, TortureError> {
    let files = Trial::new(Kind::Whole, count)?;
    match history_of(&files, count) {
        Ok(figures) => Ok(figures),
        Err(problem) => Err(files.broken(BAR, format!("{count} calls"), problem)),
    }
}

struct Figures {
    broken_off: AtomicU64,
    sent_again: AtomicU64,
    repeated: AtomicU64,
    by_commands: AtomicU64,
    without_server: AtomicU64,
}

fn history_of(files: &Trial, count: u64) -> Result<Value, String> {
    let served = Served::new(&files.book()).map_err(|error| error.to_string())?;
    let made = served.command(&["init", "--name", "Torture", "--zone", "UTC"]).output();
    if !made.as_ref().is_ok_and(|made| made.status.success()) {
        return Err(format!("no ledger was made: {made:?}"));
    }
    let (left, start) = (AtomicU64::new(count), Instant::now());
    let figures = Figures {
        broken_off: AtomicU64::new(0),
        sent_again: AtomicU64::new(0),
        repeated: AtomicU64::new(0),
        by_commands: AtomicU64::new(0),
        without_server: AtomicU64::new(0),
    };
    let customers = HOT + count / 50;
    let client = |number| Client {
        number,
        served: &served,
        figures: &figures,
        start,
        customers,
        dice: Dice::new(count ^ (number << 32)),
        wire: None,
        calls: Vec::new(),
        next: 0,
        seen: vec![None; customers as usize],
        position: 0,
    };
    let mut calls = std::thread::scope(|scope| -> Result<Vec<Call>, String> {
        let keeper = scope.spawn(|| served.keep(Dice::new(count)));
        let mut first = client(CLIENTS);
        let registered = first.register();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let mut client = client(number);
                let (left, registered) = (&left, registered.is_ok());
                scope.spawn(move || -> Result<Vec<Call>, String> {
                    while registered
                        && left
                            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                            .is_ok()
                    {
                        let done = client.act();
                        if done.is_err() {
                            left.store(0, Ordering::SeqCst);
                        }
                        done?;
                    }
                    Ok(client.calls)
                })
            })
            .collect();
        let mut calls = Ok(first.calls);
        for client in clients {
            let done = client.join().unwrap_or_else(|_| Err("a client panicked".to_owned()));
            calls = calls.and_then(|mut calls: Vec<Call>| {
                calls.extend(done?);
                Ok(calls)
            });
        }
        served.end();
        let kept = keeper.join().map_err(|_| "the keeper panicked".to_owned())?;
        registered?;
        kept.map_err(|error| with_source(&error))?;
        calls
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let log = final_log(&served)?;
    calls.sort_by_key(|call| call.began);
    let counted = history::check(&calls, &log)?;
    let verified = served.command(&["verify", "--derived"]).output();
    let verified = verified.map_err(|error| error.to_string())?;
    if !verified.status.success() {
        return Err(format!("it does not verify: {}", String::from_utf8_lossy(&verified.stderr)));
    }
    let of = |count: &AtomicU64| count.load(Ordering::SeqCst);
    Ok(json!({
        "bar": BAR, "calls": calls.len(), "events": log.len(), "taken": counted.taken,
        "refused_stale": counted.stale, "never_answered": counted.unknown,
        "of_these_there": counted.unknown_but_there, "reads": counted.reads,
        "broken_off": of(&figures.broken_off), "sent_again": of(&figures.sent_again),
        "recognised": of(&figures.repeated), "by_commands": of(&figures.by_commands),
        "commands_that_held": of(&figures.without_server), "killed": of(&served.killed),
        "stopped": of(&served.stopped), "calls_per_s": (count as f64 / seconds).round(),
        "lost": 0, "doubled": 0,
    }))
}

fn with_source(error: &TortureError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    format!("{error}: {}", source.unwrap_or_default())
}

struct Client<'a> {
    number: u64,
    served: &'a Served,
    figures: &'a Figures,
    start: Instant,
    customers: u64,
    dice: Dice,
    wire: Option<Wire>,
    calls: Vec<Call>,
    next: u64,
    /// The version each customer was last seen at.
    seen: Vec<Option<u64>>,
    /// The farthest position seen.
    position: u64,
}

/// What is sent in one unit.
struct Unit {
    facts: Vec<(String, String)>,
    keyed: bool,
    expected: Option<u64>,
}

impl Client<'_> {
    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    fn customer(&mut self) -> u64 {
        if self.dice.below(3) == 0 { self.dice.below(HOT) } else { self.dice.below(self.customers) }
    }

    fn mark(&mut self) -> String {
        self.next += 1;
        format!("c{}-{}", self.number, self.next)
    }

    /// Puts all customers on file.
    fn register(&mut self) -> Result<(), String> {
        let customers: Vec<u64> = (0..self.customers).collect();
        for some in customers.chunks(200) {
            let facts = some.iter().map(|customer| (stream(*customer), self.mark()));
            let unit = Unit { facts: facts.collect(), keyed: true, expected: None };
            self.append(&unit, "register_customer")?;
        }
        Ok(())
    }

    /// Does one thing.
    fn act(&mut self) -> Result<(), String> {
        let customer = self.customer();
        let fact = (stream(customer), self.mark());
        let what = self.dice.below(100);
        if self.number < COMMANDS {
            let expected = self.seen(customer).filter(|_| what < 20);
            return self.command(&Unit { facts: vec![fact], keyed: true, expected });
        }
        match what {
            0..20 => self.append_plain(Unit { facts: vec![fact], keyed: false, expected: None }),
            20..45 => self.append_plain(Unit { facts: vec![fact], keyed: true, expected: None }),
            45..65 => {
                let expected = self.seen(customer);
                let keyed = what.is_multiple_of(2);
                self.append_plain(Unit { facts: vec![fact], keyed, expected })
            }
            65..72 => {
                let mut facts = vec![fact];
                for _ in 0..1 + self.dice.below(4) {
                    let customer = self.customer();
                    facts.push((stream(customer), self.mark()));
                }
                self.append_plain(Unit { facts, keyed: what.is_multiple_of(2), expected: None })
            }
            72..90 => self.page(customer),
            _ => self.part(),
        }
    }

    fn seen(&self, customer: u64) -> Option<u64> {
        self.seen.get(customer as usize).copied().flatten()
    }

    fn append_plain(&mut self, unit: Unit) -> Result<(), String> {
        self.append(&unit, "record_interaction")
    }

    /// Sends a unit: with a key until it is known what became of it, without one once.
    fn append(&mut self, unit: &Unit, command: &str) -> Result<(), String> {
        let body = body(unit, command).to_string();
        let (began, begun) = (self.now(), Instant::now());
        let mut sent = 0;
        let outcome = loop {
            let reply = self.send("POST", "/v1/commands", &body)?;
            sent += 1;
            let outcome = match reply {
                Some(reply) => self.outcome(&reply, sent == 1)?,
                None => Outcome::Unknown,
            };
            if outcome != Outcome::Unknown || !unit.keyed {
                break outcome;
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{:?} got no answer in {PATIENCE:?}", unit.facts));
            }
            self.figures.sent_again.fetch_add(1, Ordering::Relaxed);
        };
        let ended = self.now();
        self.note(unit, began, ended, &outcome);
        // Somebody who is not sure asks again, and is told the same.
        if let (Outcome::Taken(told), true, 0) = (&outcome, unit.keyed, self.dice.below(20))
            && let Some(reply) = self.send("POST", "/v1/commands", &body)?
        {
            match self.outcome(&reply, false)? {
                Outcome::Taken(again) if again == *told => {}
                Outcome::Unknown => {}
                other => return Err(format!("{told:?} was told at first, {other:?} then")),
            }
        }
        Ok(())
    }

    fn note(&mut self, unit: &Unit, began: u64, ended: u64, outcome: &Outcome) {
        let (facts, expected) = (unit.facts.clone(), unit.expected);
        if let Outcome::Taken(told) = outcome {
            for ((stream, _), (position, version)) in facts.iter().zip(told) {
                self.position = self.position.max(position + 1);
                let customer = stream.strip_prefix("customer/C-").and_then(|n| n.parse().ok());
                if let Some(seen) = customer.and_then(|at: usize| self.seen.get_mut(at)) {
                    *seen = Some(*version);
                }
            }
        }
        let what = What::Append { facts, expected, outcome: outcome.clone() };
        self.calls.push(Call { began, ended, what });
    }

    /// Reads what an answer says became of a unit.
    fn outcome(&self, reply: &Reply, first: bool) -> Result<Outcome, String> {
        let code = reply.body.get("code").and_then(Value::as_str).unwrap_or_default();
        match (reply.status, code) {
            (200, _) => {
                let (told, repeated) = told(&reply.body)?;
                if repeated && first {
                    return Err(format!("it was new, but recognised: {}", reply.body));
                }
                self.figures.repeated.fetch_add(u64::from(repeated), Ordering::Relaxed);
                Ok(Outcome::Taken(told))
            }
            (409, "stale_version") => {
                let detail = reply.body.get("detail").and_then(Value::as_str).unwrap_or_default();
                let actual = detail.split_once("at version ").map_or("", |(_, rest)| rest);
                let actual = actual.split(',').next().unwrap_or_default().parse();
                actual.map(Outcome::Stale).map_err(|_| format!("no version in {detail:?}"))
            }
            // It is going, or has no place: whether it was carried out is not said.
            (503 | 504, _) => Ok(Outcome::Unknown),
            _ => Err(format!("an answer that must not be: {} {}", reply.status, reply.body)),
        }
    }

    fn page(&mut self, customer: u64) -> Result<(), String> {
        let path = format!("/v1/customers/C-{customer}?limit={SHOWN}");
        let Some((began, ended, body)) = self.read(&path)? else { return Ok(()) };
        let numbers = |value: Option<&Value>| -> Option<Vec<u64>> {
            value?.as_array()?.iter().map(|event| event.get("position")?.as_u64()).collect()
        };
        let odd = || format!("a page without figures: {body}");
        let events = body.pointer("/profile/figures/events").and_then(Value::as_u64);
        let position = body.pointer("/basis/position").and_then(Value::as_u64);
        let last = numbers(body.get("timeline"));
        let (events, position, last) =
            events.zip(position).zip(last).map(|((a, b), c)| (a, b, c)).ok_or_else(odd)?;
        if let Some(seen) = self.seen.get_mut(customer as usize) {
            *seen = Some(events);
        }
        let what = What::Page { stream: stream(customer), position, events, last };
        self.calls.push(Call { began, ended, what });
        Ok(())
    }

    fn part(&mut self) -> Result<(), String> {
        let back = self.dice.below(60);
        let from = self.position.saturating_sub(back);
        let path = format!("/v1/events?from={from}&limit=30");
        let Some((began, ended, body)) = self.read(&path)? else { return Ok(()) };
        let odd = || format!("a part of the log without positions: {body}");
        let events = events_of(&body).ok_or_else(odd)?;
        let position = body.pointer("/basis/position").and_then(Value::as_u64).ok_or_else(odd)?;
        self.position = self.position.max(position);
        let marks = events.into_iter().map(|event| (event.position, event.mark)).collect();
        self.calls.push(Call { began, ended, what: What::Part { from, position, marks } });
        Ok(())
    }

    /// Asks once; an answer that never came is no answer.
    fn read(&mut self, path: &str) -> Result<Option<(u64, u64, Value)>, String> {
        let began = self.now();
        let Some(reply) = self.send("GET", path, "")? else { return Ok(None) };
        match reply.status {
            200 => Ok(Some((began, self.now(), reply.body))),
            503 | 504 => Ok(None),
            status => Err(format!("GET {path}: {status} {}", reply.body)),
        }
    }

    /// Sends one call over a connection that is there or a new one, and may break it off.
    fn send(&mut self, method: &str, path: &str, body: &str) -> Result<Option<Reply>, String> {
        let Some(wire) = self.connected() else { return Ok(None) };
        let cut = match self.dice.below(60) {
            0 | 1 => Cut::Request(self.dice.below(1001)),
            2 | 3 => Cut::Unread,
            4 => Cut::Answer(1 + self.dice.below(100) as usize),
            _ => Cut::Not,
        };
        if cut != Cut::Not {
            self.figures.broken_off.fetch_add(1, Ordering::Relaxed);
        }
        let mut wire = wire;
        match wire.call(method, path, body, cut) {
            Ok(Some(reply)) => {
                self.wire = Some(wire);
                Ok(Some(reply))
            }
            Ok(None) => Ok(None),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    Err(format!("{method} {path} hung: {error}"))
                }
                ErrorKind::InvalidData => Err(format!("{method} {path}: {error}")),
                _ => Ok(None),
            },
        }
    }

    fn connected(&mut self) -> Option<Wire> {
        if let Some(wire) = self.wire.take() {
            return Some(wire);
        }
        let wire = if self.number < COMMANDS + PRIVATE {
            Wire::private(&self.served.dir).ok()
        } else {
            let address = self.served.address();
            address.and_then(|address| Wire::tcp(&address, &self.served.token()).ok())
        };
        if wire.is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        wire
    }

    /// Records a fact as a command of its own, which is killed now and then.
    fn command(&mut self, unit: &Unit) -> Result<(), String> {
        let [(stream, mark)] = unit.facts.as_slice() else { return Ok(()) };
        let customer = stream.trim_start_matches("customer/");
        let version = unit.expected.map(|version| version.to_string());
        let mut words =
            vec!["record", "call", customer, mark, "--reason", mark, "--key", mark, "--json"];
        if let Some(version) = &version {
            words.extend(["--expected-version", version]);
        }
        let (began, begun) = (self.now(), Instant::now());
        let outcome = loop {
            let without = self.served.address().is_none();
            let mut child = self
                .served
                .command(&words)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .map_err(|error| error.to_string())?;
            if self.dice.below(10) == 0 {
                std::thread::sleep(Duration::from_millis(self.dice.below(30)));
                child.kill().map_err(|error| error.to_string())?;
            }
            let output = child.wait_with_output().map_err(|error| error.to_string())?;
            if output.status.success() {
                let held = without && self.served.address().is_none();
                self.figures.without_server.fetch_add(u64::from(held), Ordering::Relaxed);
                let said: Value =
                    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
                // The command itself sends again what is safe, to whoever answers next.
                break Outcome::Taken(told(&said)?.0);
            }
            if output.status.code() == Some(1) {
                let said: Value = serde_json::from_slice(&output.stderr).unwrap_or_default();
                let error = said.get("error").and_then(Value::as_str).unwrap_or_default();
                let actual = error.split_once("at version ").map_or("", |(_, rest)| rest);
                let actual = actual.split(',').next().unwrap_or_default().parse();
                break Outcome::Stale(actual.map_err(|_| format!("{mark} was refused: {said}"))?);
            }
            if begun.elapsed() > PATIENCE {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                return Err(format!("{mark} got no answer in {PATIENCE:?}: {said}"));
            }
        };
        self.figures.by_commands.fetch_add(1, Ordering::Relaxed);
        let ended = self.now();
        self.note(unit, began, ended, &outcome);
        Ok(())
    }
}

fn stream(customer: u64) -> String {
    format!("customer/C-{customer}")
}

fn body(unit: &Unit, command: &str) -> Value {
    let request = |(stream, mark): &(String, String)| {
        let mut request = json!({
            "customer": stream.trim_start_matches("customer/"), "command": command, "reason": mark,
        });
        let more = if command == "register_customer" {
            json!({ "kind": "company", "source": "web", "details": { "name": mark } })
        } else {
            json!({
                "channel": "phone", "direction": "in", "unknown_caller": true,
                "started_at": STARTED_AT, "correspondence": { "summary": mark },
            })
        };
        let key = unit.keyed.then(|| json!({ "idempotency_key": mark }));
        let expected =
            unit.expected.map(|version| json!({ "expected_version": { "exact": version } }));
        if let Value::Object(request) = &mut request {
            for more in [Some(more), key, expected].into_iter().flatten() {
                request.extend(more.as_object().cloned().unwrap_or_default());
            }
        }
        request
    };
    json!({ "units": [unit.facts.iter().map(request).collect::<Vec<_>>()] })
}

/// Reads position and version of each request's first event, and whether it was recognised.
fn told(answer: &Value) -> Result<(Vec<(u64, u64)>, bool), String> {
    let odd = || format!("an answer that cannot be read: {answer}");
    let outcomes = answer.pointer("/units/0/taken").and_then(Value::as_array).ok_or_else(odd)?;
    let mut told = Vec::new();
    let mut repeated = false;
    for outcome in outcomes {
        let number = |name| outcome.pointer(name).and_then(Value::as_u64);
        let place = number("/events/0/position").zip(number("/events/0/version"));
        told.push(place.ok_or_else(odd)?);
        repeated |= outcome.get("repeated") == Some(&Value::Bool(true));
    }
    Ok((told, repeated))
}

fn events_of(body: &Value) -> Option<Vec<Logged>> {
    let text = |event: &Value, name: &str| Some(event.get(name)?.as_str()?.to_owned());
    let event = |event: &Value| {
        Some(Logged {
            position: event.get("position")?.as_u64()?,
            stream: text(event, "stream")?,
            version: event.get("version")?.as_u64()?,
            mark: text(event, "reason"),
            effective_at: text(event, "effective_at")?.parse().ok()?,
            recorded_at: text(event, "recorded_at")?.parse().ok()?,
        })
    };
    body.get("events")?.as_array()?.iter().map(event).collect()
}

/// Reads the whole log from a server that nobody disturbs.
fn final_log(served: &Served) -> Result<Vec<Logged>, String> {
    let mut log: Vec<Logged> = Vec::new();
    served.undisturbed(|address, token| {
        let mut wire = Wire::tcp(address, token).map_err(|error| error.to_string())?;
        loop {
            let path = format!("/v1/events?from={}&limit=1000", log.len());
            let reply = wire.call("GET", &path, "", Cut::Not).map_err(|error| error.to_string())?;
            let body = reply.map(|reply| reply.body).unwrap_or_default();
            let events = events_of(&body).ok_or_else(|| format!("GET {path}: {body}"))?;
            if events.is_empty() {
                return Ok(());
            }
            log.extend(events);
        }
    })?;
    Ok(log)
}
