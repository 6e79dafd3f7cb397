//! Whatever is recorded, in whatever order: the sums of receivables hold at every basis.

use daybook_core::position::Position;
use daybook_core::time::Date;
use daybook_projections::receivables::Day;
use daybook_projections::receivables::ageing::By;
use daybook_projections::receivables::control::rows;
use daybook_projections::receivables::explain::{Figure, explain};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::code;
use crate::world::{World, cny};

/// A day of spring 2024 as text.
fn day(number: i32) -> String {
    Date(19_783 + number).to_string()
}

/// What somebody tries to record: numbers choose the kind, the records, the amount and the day.
fn asked(choice: u8, which: u8, minor: i64, on: i32) -> Value {
    let (item, receipt) = (format!("AR-{}", which % 4), format!("R-{}", which % 3));
    match choice % 8 {
        0 | 1 => json!({ "command": "open_receivable", "item": item, "source": "invoice",
            "document_on": day(on), "due_on": day(on + i32::from(which) % 50), "amount": cny(minor) }),
        2 | 3 => json!({ "command": "receive_payment", "receipt": receipt, "amount": cny(minor),
            "value_on": day(on) }),
        4 => json!({ "command": "apply_credit", "credit_kind": "receipt", "credit": receipt,
            "method": "fifo" }),
        5 => json!({ "command": "issue_credit_note", "amount": cny(minor), "against": item,
            "issued_on": day(on), "reason": "price" }),
        6 => json!({ "command": "reverse_payment", "receipt": receipt, "kind": "bounced",
            "effective_on": day(on), "reason": "bounced" }),
        _ => json!({ "command": "write_off_receivable", "item": item, "amount": cny(minor),
            "written_off_on": day(on), "approved_by": "U-09", "reason": "lost" }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_sums_hold_at_every_basis(
        steps in prop::collection::vec((any::<u8>(), any::<u8>(), 1i64..50_000, 0i32..60), 1..40),
    ) {
        let world = World::on("2024-05-01");
        // What was known between requests; no instant lies within one.
        let mut known = vec![Position(0)];
        for (choice, which, minor, on) in steps {
            // What the rules refuse is no event.
            let _ = world.try_say("C-1", asked(choice, which, minor, on));
            known.push(world.ledger.reader().head().next);
        }
        for before in known {
            for on in [0, 20, 40, 59, 200] {
                let basis = Day { on: Date(19_783 + on), before };
                let line = world.ageing("C-1", By::Due, basis);
                let all = world.ask("C-1", basis, |_, accounts| rows(accounts, basis.on));
                prop_assert!(all.len() <= 1);
                let Some(row) = all.first() else { continue };
                prop_assert!(row.control.holds());
                prop_assert_eq!(line.open(), row.control.open);
                prop_assert_eq!(line.balance(), i128::from(row.account.balance()));
                prop_assert_eq!(line.overdue(), i128::from(row.account.overdue));
                prop_assert!(line.buckets.iter().all(|bucket| *bucket >= 0));
                prop_assert!(line.unapplied >= 0, "unapplied {}", line.unapplied);
                let figures = [
                    (Figure::Charged, row.control.charged),
                    (Figure::Collected, row.control.collected),
                    (Figure::Credited, row.control.credited),
                    (Figure::WrittenOff, row.control.written_off),
                    (Figure::Open, row.control.open),
                    (Figure::Overdue, row.account.overdue.into()),
                    (Figure::Unapplied, row.account.unapplied.into()),
                ];
                for (figure, expected) in figures {
                    let parts = world.ask("C-1", basis, |bucket, _| {
                        explain(bucket, bucket.place_of(&code("C-1")).unwrap(), figure, basis)
                    });
                    let sum: i128 = parts.iter().map(|part| i128::from(part.value)).sum();
                    prop_assert_eq!(sum, expected, "{:?}: {:?}", figure, parts);
                }
            }
        }
    }
}
