//! What many clients did and were told, compared with the log that came of it.
//!
//! Invariant: the check knows no server; it takes calls with the moments they began and ended, and the
//! whole log, and finds what cannot both be true. A call whose answer never came may have happened or
//! not, but not twice and not in part.

use std::collections::{BTreeMap, HashMap, HashSet};

use daybook_core::time::Timestamp;

/// One event of the final log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Logged {
    pub position: u64,
    pub stream: String,
    pub version: u64,
    /// What the client called it; none for what the ledger adds by itself.
    pub mark: Option<String>,
    pub effective_at: Timestamp,
    pub recorded_at: Timestamp,
}

/// A call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// When it was first sent, in nanoseconds since the run began.
    pub began: u64,
    /// When it was known what became of it.
    pub ended: u64,
    pub what: What,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    /// Facts with their streams and marks, taken whole or not at all.
    Append { facts: Vec<(String, String)>, expected: Option<u64>, outcome: Outcome },
    /// A customer's page: how many events it counts, and the last ones it shows.
    Page { stream: String, position: u64, events: u64, last: Vec<u64> },
    /// A part of the log.
    Part { from: u64, position: u64, marks: Vec<(u64, Option<String>)> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Taken, with position and version of each fact.
    Taken(Vec<(u64, u64)>),
    /// Refused: the stream was at this version.
    Stale(u64),
    /// Nobody knows.
    Unknown,
}

/// What a check counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub taken: u64,
    pub stale: u64,
    pub unknown: u64,
    /// Of the unknown: in the log.
    pub unknown_but_there: u64,
    pub reads: u64,
}

/// Compares what was done with the log.
///
/// # Errors
/// The first thing that cannot be.
pub(super) fn check(calls: &[Call], log: &[Logged]) -> Result<Counted, String> {
    let streams = whole(log)?;
    let mut by_mark: HashMap<&str, &Logged> = HashMap::new();
    for event in log {
        if let Some(mark) = &event.mark
            && let Some(first) = by_mark.insert(mark, event)
        {
            return Err(format!(
                "{mark} is there twice: {} and {}",
                first.position, event.position
            ));
        }
    }
    let mut counted = Counted::default();
    for call in calls {
        match &call.what {
            What::Append { facts, expected, outcome } => {
                appended(facts, *expected, outcome, &by_mark, &streams, &mut counted)?;
            }
            What::Page { stream, position, events, last } => {
                counted.reads += 1;
                page(stream, *position, (*events, last), &streams)?;
            }
            What::Part { from, position, marks } => {
                counted.reads += 1;
                part(*from, *position, marks, log)?;
            }
        }
    }
    let sent: HashSet<&str> = calls.iter().flat_map(sent).collect();
    if let Some(foreign) = by_mark.keys().find(|mark| !sent.contains(**mark)) {
        return Err(format!("{foreign} is there, but was never sent"));
    }
    in_order(calls)?;
    Ok(counted)
}

fn sent(call: &Call) -> impl Iterator<Item = &str> {
    let facts = match &call.what {
        What::Append { facts, .. } => facts.as_slice(),
        What::Page { .. } | What::Part { .. } => &[],
    };
    facts.iter().map(|(_, mark)| mark.as_str())
}

type Streams<'a> = BTreeMap<&'a str, Vec<&'a Logged>>;

/// Positions and versions without gap, times that never go back.
fn whole(log: &[Logged]) -> Result<Streams<'_>, String> {
    let mut streams = Streams::new();
    let mut before = Timestamp(i64::MIN);
    for (next, event) in log.iter().enumerate() {
        if event.position != next as u64 {
            return Err(format!("position {} stands at place {next}", event.position));
        }
        if event.recorded_at < before {
            return Err(format!("the event at {next} was recorded before the one before it"));
        }
        before = event.recorded_at;
        let stream = streams.entry(event.stream.as_str()).or_default();
        stream.push(event);
        if event.version != stream.len() as u64 {
            let (version, length) = (event.version, stream.len());
            return Err(format!("{} has version {version} at {next}, not {length}", event.stream));
        }
    }
    Ok(streams)
}

fn appended(
    facts: &[(String, String)],
    expected: Option<u64>,
    outcome: &Outcome,
    by_mark: &HashMap<&str, &Logged>,
    streams: &Streams<'_>,
    counted: &mut Counted,
) -> Result<(), String> {
    let name = facts.first().map(|(_, mark)| mark.as_str()).unwrap_or_default();
    let found: Vec<&Logged> =
        facts.iter().filter_map(|(_, mark)| by_mark.get(mark.as_str()).copied()).collect();
    for ((stream, _), event) in facts.iter().zip(&found) {
        if found.len() == facts.len() && event.stream != *stream {
            return Err(format!("{name} went to {}, not {stream}", event.stream));
        }
    }
    let in_a_row = found.windows(2).all(|pair| matches!(pair, [a, b] if a.position < b.position));
    if !found.is_empty() && (found.len() < facts.len() || !in_a_row) {
        return Err(format!("{name} is there in part or out of order"));
    }
    let agrees = |event: &Logged| expected.is_none_or(|version| event.version == version + 1);
    if let Some(event) = found.first().filter(|event| !agrees(event)) {
        let version = event.version;
        return Err(format!("{name} expected version {expected:?} and became {version}"));
    }
    match outcome {
        Outcome::Taken(told) => {
            counted.taken += 1;
            let there: Vec<(u64, u64)> =
                found.iter().map(|event| (event.position, event.version)).collect();
            if *told != there {
                return Err(format!("{name} was taken at {told:?}, but is at {there:?}"));
            }
        }
        Outcome::Stale(actual) => {
            counted.stale += 1;
            if !found.is_empty() {
                return Err(format!("{name} was refused, but is there"));
            }
            let stream = facts.first().and_then(|(stream, _)| streams.get(stream.as_str()));
            let length = stream.map_or(0, |events| events.len() as u64);
            if expected == Some(*actual) || *actual > length {
                return Err(format!("{name} was refused at version {actual} of {length}"));
            }
        }
        Outcome::Unknown => {
            counted.unknown += 1;
            counted.unknown_but_there += u64::from(!found.is_empty());
        }
    }
    Ok(())
}

/// A page shows exactly what stood before its position.
fn page(
    stream: &str,
    position: u64,
    (events, last): (u64, &[u64]),
    streams: &Streams<'_>,
) -> Result<(), String> {
    let all = streams.get(stream).map(Vec::as_slice).unwrap_or_default();
    let mut before: Vec<&&Logged> = all.iter().filter(|event| event.position < position).collect();
    if before.len() as u64 != events {
        let there = before.len();
        return Err(format!("{stream} at {position} showed {events} events, not {there}"));
    }
    before.sort_by_key(|event| (event.effective_at, event.position));
    let from = before.len().saturating_sub(last.len());
    let shown: Vec<u64> = before.iter().skip(from).map(|event| event.position).collect();
    if shown == last {
        Ok(())
    } else {
        Err(format!("{stream} at {position} showed {last:?}, not {shown:?}"))
    }
}

/// A part of the log is a part of the final one.
fn part(
    from: u64,
    position: u64,
    marks: &[(u64, Option<String>)],
    log: &[Logged],
) -> Result<(), String> {
    for (place, (at, mark)) in marks.iter().enumerate() {
        let expected = from + place as u64;
        let event = usize::try_from(*at).ok().and_then(|at| log.get(at));
        let same = event.is_some_and(|event| event.mark == *mark);
        if *at != expected || *at >= position || !same {
            return Err(format!(
                "a part of the log from {from} to {position} showed {mark:?} at {at}"
            ));
        }
    }
    Ok(())
}

/// What ended before something else began comes before it: appends in the log, and every answer
/// reflects at least what was acknowledged or shown before it was asked for.
fn in_order(calls: &[Call]) -> Result<(), String> {
    let last = |call: &Call| match &call.what {
        What::Append { outcome: Outcome::Taken(told), .. } => told.last().map(|(at, _)| at + 1),
        What::Page { position, .. } | What::Part { position, .. } => Some(*position),
        What::Append { .. } => None,
    };
    let first = |call: &Call| match &call.what {
        // Sent again, it may have been taken long before the answer: its first sending counts.
        What::Append { outcome: Outcome::Taken(told), .. } => told.first().map(|(at, _)| *at),
        What::Page { position, .. } | What::Part { position, .. } => Some(*position),
        What::Append { .. } => None,
    };
    let mut ended: Vec<(u64, u64)> =
        calls.iter().filter_map(|call| Some((call.ended, last(call)?))).collect();
    ended.sort_unstable();
    let mut began: Vec<&Call> = calls.iter().collect();
    began.sort_unstable_by_key(|call| call.began);
    let (mut ended, mut known) = (ended.into_iter().peekable(), 0);
    for call in began {
        while let Some((_, next)) = ended.next_if(|(at, _)| *at < call.began) {
            known = known.max(next);
        }
        if let Some(first) = first(call).filter(|first| *first < known) {
            return Err(format!(
                "{:?} is at {first}, but {known} was reached before it",
                call.what
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(position: u64, stream: &str, version: u64, mark: &str) -> Logged {
        Logged {
            position,
            stream: stream.to_owned(),
            version,
            mark: Some(mark.to_owned()),
            effective_at: Timestamp(position as i64),
            recorded_at: Timestamp(position as i64),
        }
    }

    fn log() -> Vec<Logged> {
        vec![event(0, "A", 1, "a"), event(1, "B", 1, "b"), event(2, "A", 2, "c")]
    }

    fn append(began: u64, fact: (&str, &str), expected: Option<u64>, outcome: Outcome) -> Call {
        let facts = vec![(fact.0.to_owned(), fact.1.to_owned())];
        Call { began, ended: began + 5, what: What::Append { facts, expected, outcome } }
    }

    fn taken(position: u64, version: u64) -> Outcome {
        Outcome::Taken(vec![(position, version)])
    }

    fn calls() -> Vec<Call> {
        vec![
            append(0, ("A", "a"), None, taken(0, 1)),
            append(10, ("B", "b"), None, Outcome::Unknown),
            append(20, ("A", "c"), Some(1), taken(2, 2)),
            append(22, ("A", "d"), Some(1), Outcome::Stale(2)),
            page(30, 3, 2, &[0, 2]),
        ]
    }

    fn page(began: u64, position: u64, events: u64, last: &[u64]) -> Call {
        let last = last.to_vec();
        let what = What::Page { stream: "A".to_owned(), position, events, last };
        Call { began, ended: began + 5, what }
    }

    fn caught(calls: &[Call], log: &[Logged], word: &str) {
        let problem = check(calls, log).expect_err(word);
        assert!(problem.contains(word), "{problem}");
    }

    #[test]
    fn what_fits_is_counted() {
        let expected = Counted { taken: 2, stale: 1, unknown: 1, unknown_but_there: 1, reads: 1 };
        assert_eq!(check(&calls(), &log()), Ok(expected));
    }

    #[test]
    fn what_cannot_be_is_caught() {
        // Lost: acknowledged, but not there.
        let mut more = calls();
        more.push(append(40, ("A", "e"), None, taken(3, 3)));
        caught(&more, &log(), "was taken at");
        // Twice.
        let mut twice = log();
        twice.push(event(3, "A", 3, "a"));
        caught(&calls(), &twice, "twice");
        // Never sent.
        let mut foreign = log();
        foreign.push(event(3, "A", 3, "x"));
        caught(&calls(), &foreign, "never sent");
        // A gap in positions, and one in versions.
        let mut gap = log();
        gap.remove(1);
        caught(&calls(), &gap, "stands at place");
        let mut versions = log();
        versions[2].version = 3;
        caught(&calls(), &versions, "has version");
        // A time that goes back.
        let mut times = log();
        times[2].recorded_at = Timestamp(0);
        caught(&calls(), &times, "recorded before");
        // An expected version that was not kept.
        let mut expected = calls();
        expected[2] = append(20, ("A", "c"), Some(7), taken(2, 2));
        caught(&expected, &log(), "expected version");
        // Refused, but there; refused without a reason.
        let mut refused = calls();
        refused[2] = append(20, ("A", "c"), Some(1), Outcome::Stale(2));
        caught(&refused, &log(), "but is there");
        let mut refused = calls();
        refused[3] = append(22, ("A", "d"), Some(2), Outcome::Stale(2));
        caught(&refused, &log(), "was refused at");
        // A view ahead of, and one behind its position.
        let mut ahead = calls();
        ahead[4] = page(30, 2, 2, &[0, 2]);
        caught(&ahead, &log(), "showed 2 events, not 1");
        let mut other = calls();
        other[4] = page(30, 3, 2, &[1, 2]);
        caught(&other, &log(), "showed [1, 2]");
        // A read that does not reflect what was acknowledged before it began.
        let mut stale = calls();
        stale[4] = page(30, 2, 1, &[0]);
        caught(&stale, &log(), "was reached before it");
        // An append before one that had ended when it began.
        let mut order = calls();
        order[0].began = 50;
        order[0].ended = 55;
        caught(&order, &log(), "was reached before it");
        // Half of what belongs together.
        let mut half = calls();
        if let What::Append { facts, .. } = &mut half[1].what {
            facts.push(("B".to_owned(), "b2".to_owned()));
        }
        caught(&half, &log(), "in part");
        // A part of the log that is not in it.
        let mut parts = calls();
        let what = What::Part { from: 1, position: 3, marks: vec![(1, Some("c".to_owned()))] };
        parts.push(Call { began: 40, ended: 41, what });
        caught(&parts, &log(), "a part of the log");
    }
}
