//! Live, rebuilt and stored views are one and the same; what is torn is folded again.

use std::fs;

use daybook_core::position::Position;
use daybook_projections::View;
use daybook_projections::engine::{Digest, Views};
use serde_json::json;

use crate::world::{World, cny};

fn busy(world: &World, customers: usize) {
    for number in 0..customers {
        let customer = format!("C-{}", number + 10);
        world.register(&customer);
        for item in 0..3 {
            world.say(
                &customer,
                json!({ "command": "open_receivable", "item": format!("AR-{item}"),
                    "source": "invoice", "document_on": "2024-01-10", "due_on": "2024-02-09",
                    "amount": cny(1_000 + item) }),
            );
        }
    }
}

fn digest(views: &Views, world: &World) -> Digest {
    views.ask(world.ledger.reader(), View::Receivables, |state| state.digest(2)).unwrap()
}

#[test]
fn live_rebuilt_and_stored_views_have_one_digest_at_every_step() {
    let world = World::on("2024-01-10");
    let folder = tempfile::tempdir().unwrap();
    let reader = world.ledger.reader();
    let live = Views::new(Some(folder.path()), 1);
    for step in 0..4 {
        world.register(&format!("D-{step}"));
        for item in 0..5 {
            world.say(
                &format!("D-{step}"),
                json!({ "command": "open_receivable", "item": format!("AR-{item}"),
                    "source": "invoice", "document_on": "2024-01-10", "due_on": "2024-02-09",
                    "amount": cny(1_000 + item) }),
            );
        }
        let followed = digest(&live, &world);
        live.store(reader, View::Receivables).unwrap();
        let rebuilt = digest(&Views::new(None, 2), &world);
        let restored = digest(&Views::new(Some(folder.path()), 2), &world);
        assert_eq!((followed, followed), (rebuilt, restored), "step {step}");
    }
    let status = live.status(reader, View::Receivables).unwrap().0;
    assert_eq!(status.next, reader.head().next);
    assert_eq!(status.root, reader.head().tree.root());
    let files = fs::read_dir(folder.path().join("views/receivables-1")).unwrap().count();
    assert!((1..=4).contains(&files), "{files} files");
}

#[test]
fn a_file_that_is_not_what_was_written_is_folded_again() {
    let world = World::on("2024-01-10");
    busy(&world, 6);
    let folder = tempfile::tempdir().unwrap();
    let reader = world.ledger.reader();
    let views = Views::new(Some(folder.path()), 1);
    let good = digest(&views, &world);
    views.store(reader, View::Receivables).unwrap();
    let dir = folder.path().join("views/receivables-1");
    let path = fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::create_dir_all(&dir).unwrap();
        fs::write(&path, &bytes).unwrap();
        assert_eq!(digest(&Views::new(Some(folder.path()), 2), &world), good, "byte {at}");
        fs::create_dir_all(&dir).unwrap();
        fs::write(&path, &whole[..at]).unwrap();
        assert_eq!(digest(&Views::new(Some(folder.path()), 2), &world), good, "cut at {at}");
    }
}

#[test]
fn files_of_another_log_are_not_believed() {
    let world = World::on("2024-01-10");
    busy(&world, 3);
    let folder = tempfile::tempdir().unwrap();
    let views = Views::new(Some(folder.path()), 1);
    digest(&views, &world);
    views.store(world.ledger.reader(), View::Receivables).unwrap();
    // The same book, founded again and gone another way: same id, other events.
    let other = World::on("2024-01-11");
    busy(&other, 5);
    let shown = digest(&Views::new(Some(folder.path()), 1), &other);
    assert_eq!(shown, digest(&Views::new(None, 1), &other));
}

#[test]
fn a_rebuild_that_is_broken_off_is_gone_on_with_and_compares_equal() {
    let world = World::on("2024-01-10");
    busy(&world, 4);
    let folder = tempfile::tempdir().unwrap();
    let reader = world.ledger.reader();
    let views = Views::new(Some(folder.path()), 2);
    let before = digest(&views, &world);
    let stopped = views.rebuild(reader, View::Receivables, &mut |_| false);
    assert!(stopped.is_ok_and(|done| done.is_none_or(|status| status.digest == before)));
    let rebuilt = views.rebuild(reader, View::Receivables, &mut |_| true).unwrap().unwrap();
    assert_eq!((rebuilt.digest, rebuilt.next), (before, reader.head().next));
    let compared = views.compare(reader, View::Receivables).unwrap();
    assert_eq!((compared.serving, compared.difference), (compared.rebuilt, None));
    views.discard(reader, View::Receivables).unwrap();
    assert!(!folder.path().join("views/receivables-1").exists());
    assert_eq!(digest(&views, &world), before);
}

#[test]
fn a_question_sees_its_own_writes_and_no_voided_event() {
    let world = World::on("2024-01-10");
    let item = json!({ "command": "open_receivable", "item": "A", "source": "invoice",
        "document_on": "2024-01-10", "due_on": "2024-02-09", "amount": cny(700) });
    let open = |before: Position| {
        let day =
            daybook_projections::receivables::Day { on: "2024-01-10".parse().unwrap(), before };
        world.ask("C-1", day, |_, accounts| {
            accounts.items.iter().map(daybook_projections::receivables::Item::open).sum::<i64>()
        })
    };
    let position = world.say("C-1", item);
    let then = world.ledger.reader().head().next;
    assert_eq!(open(then), 700);
    let event = world.ledger.reader().event(position).unwrap().unwrap().0.envelope.event_id;
    world.say("C-1", json!({ "command": "void_event", "event": event, "reason": "never was" }));
    let now = world.ledger.reader().head().next;
    assert_eq!((open(now), open(then)), (0, 700), "what was known then stays");
}
