//! R11: a ledger and a reference model are asked the same and answer the same.
//!
//! A trial is one customer and a random sequence of requests about money, opportunities and the
//! file; after each the ledger and the model must agree whether it was taken. Then both are asked
//! what was so on random days by what was known after random requests. Some requests are sent twice
//! under one key and must be recognised and add nothing (P8); and now and then the ledger is opened
//! anew, so that what it decides next rests on what it reads from the log (P1).

mod ask;
mod generate;
mod model;
mod subject;

use serde_json::{Value, json};

use crate::torture::{Dice, TortureError};
use model::Model;
use subject::{Subject, TODAY};

/// Trials that share one ledger.
const TRIALS_A_LEDGER: u64 = 500;
/// Questions asked at the end of a trial.
const QUESTIONS: u64 = 6;

/// How often something happened.
#[derive(Debug, Default)]
struct Counts {
    requests: u64,
    taken: u64,
    repeated: u64,
    questions: u64,
}

/// Compares ledger and model over `count` random sequences.
///
/// # Errors
/// [`TortureError`] at the first difference, naming the trial.
pub fn run(count: u64) -> Result<Value, TortureError> {
    let mut counts = Counts::default();
    let mut trial = 0;
    while trial < count {
        let mut subject = Subject::new().map_err(|problem| broken(trial, problem))?;
        let end = count.min(trial + TRIALS_A_LEDGER);
        while trial < end {
            one(trial, &mut subject, &mut counts).map_err(|problem| broken(trial, problem))?;
            trial += 1;
        }
        subject.close().map_err(|problem| broken(trial, problem))?;
    }
    let Counts { requests, taken, repeated, questions } = counts;
    Ok(json!({
        "bar": "R11", "trials": count, "requests": requests, "taken": taken,
        "repeated": repeated, "questions": questions,
    }))
}

fn broken(trial: u64, problem: String) -> TortureError {
    let (trial, kept) = (trial.to_string(), "memory".to_owned());
    TortureError::Broken { bar: "R11", trial, problem, kept }
}

fn one(trial: u64, subject: &mut Subject, counts: &mut Counts) -> Result<(), String> {
    let mut dice = Dice::new(trial + 1);
    let customer = format!("C-{trial}");
    let mut known = vec![subject.register(&customer)?];
    let mut model = Model::new(TODAY);
    let mut said = Vec::new();
    for number in 1..=10 + dice.below(30) {
        let ask = generate::ask(&mut dice, number);
        let name = generate::name(&ask, number);
        let expected = model.ask(&ask, &name);
        let key = (dice.below(8) == 0).then(|| format!("{customer}/{number}"));
        let taken = subject.ask(&customer, &ask, &name, key.as_deref())?;
        said.push((ask, taken.clone()));
        if taken.is_ok() != expected {
            return Err(format!("the model says taken: {expected}; what was said: {said:?}"));
        }
        if key.is_some() && taken.is_ok() {
            counts.repeated += 1;
            let last = said.last().map(|(ask, _)| ask.clone());
            let ask = last.ok_or("nothing was said")?;
            subject.again(&customer, &ask, &name, key.as_deref())?;
        }
        if dice.below(64) == 0 {
            subject.reopen()?;
        }
        counts.requests += 1;
        counts.taken += u64::from(expected);
        known.push(subject.next());
    }
    for _ in 0..QUESTIONS {
        let on = i32::try_from(dice.below(95)).unwrap_or_default();
        let after = usize::try_from(dice.below(known.len() as u64)).unwrap_or_default();
        let before = known.get(after).copied().ok_or("no such request")?;
        let (expected, actual) = (model.answer(on, after), subject.answer(&customer, on, before)?);
        if actual != expected {
            return Err(format!(
                "on day {on} after request {after}: the ledger answers {actual:?}, the model \
                 {expected:?}; what was said: {said:?}"
            ));
        }
        counts.questions += 1;
    }
    Ok(())
}
